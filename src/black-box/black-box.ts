import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Journal, Log } from '../log.js';

/** Options of `BlackBox`. */
export interface BlackBoxOptions {
  journal: Journal;
  log: Log;
  clock: Clock;
  /** Where files go; without one the log takes the entries. */
  folder?: string | undefined;
}

/** One line of a black box. */
interface Entry {
  atMs: number;
  what: string;
  fields?: object;
  /** How often it happened in a row; `atMs` is the last time. */
  count: number;
}

const ENTRIES = 200;
/** A device that crashes again and again must not fill its disk. */
const FILES_KEPT = 10;
const FILE_NAME = /^black-box-.*\.jsonl$/;
/** What fields may be long: the words of strangers. */
const TEXT_LIMIT = 1_000;

/**
 * Remembers the last 200 events of the journal and of the statechart, and writes them when something went wrong or
 * somebody asks. It holds what the log may hold: no sound, no speech, no secrets.
 */
export class BlackBox {
  readonly #options: BlackBoxOptions;
  #entries: Entry[] = [];
  #written = 0;
  readonly #unwatch: (() => void)[];

  /** Remembers from now on; writes by itself when a state is overdue. */
  constructor(options: BlackBoxOptions) {
    this.#options = options;
    const { journal } = options;
    this.#unwatch = [
      journal.watch(({ event, fields }) => {
        this.#note(event, fields);
        if (event === 'state.overdue') this.write('a state is overdue');
      }),
      journal.watchTraces(({ type, why, reason }) => this.#note(`machine told: ${type}`, wordsOf({ why, reason }))),
    ];
  }

  /**
   * Writes what is remembered to a new file of the folder, or to the log where there is none or it cannot be written.
   * Synchronous, for a process that is about to end. Throws nothing.
   */
  write(why: string): void {
    const { journal, log, folder } = this.#options;
    const lines = this.#lines(why);
    let to = 'the log';
    try {
      if (folder) to = this.#writeFile(folder, lines);
    } catch (error) {
      log.error({ folder, why: messageOf(error) }, 'the black box cannot be written there');
    }
    if (to === 'the log') for (const line of lines) log.error({ line }, 'black box');
    journal.record('blackbox.written', { why, to });
  }

  /** Remembers no more. May be called twice. */
  close(): void {
    for (const unwatch of this.#unwatch) unwatch();
  }

  #note(what: string, fields?: object): void {
    const atMs = this.#options.clock.nowMs();
    const last = this.#entries.at(-1);
    if (last?.what === what && !last.fields && !fields) {
      last.count += 1;
      last.atMs = atMs;
      return;
    }
    this.#entries.push({ atMs, what, ...(fields && { fields: shortened(fields) }), count: 1 });
    if (this.#entries.length > ENTRIES) this.#entries.shift();
  }

  #lines(why: string): object[] {
    const nowMs = this.#options.clock.nowMs();
    const { rss, heapUsed } = process.memoryUsage();
    const head = {
      why,
      time: new Date().toISOString(),
      pid: process.pid,
      uptimeS: Math.round(process.uptime()),
      rssBytes: rss,
      heapBytes: heapUsed,
    };
    const entries = this.#entries.map(({ atMs, what, fields, count }) => ({
      agoMs: Math.round(nowMs - atMs),
      what,
      ...fields,
      ...(count > 1 && { count }),
    }));
    return [head, ...entries];
  }

  #writeFile(folder: string, lines: readonly object[]): string {
    mkdirSync(folder, { recursive: true });
    const stamp = new Date().toISOString().replaceAll(':', '-');
    const number = `${++this.#written}`.padStart(6, '0');
    const name = `black-box-${stamp}-${process.pid}-${number}.jsonl`;
    const path = join(folder, name);
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { mode: 0o600 });
    // Not the new one, whatever its name says: a Raspberry Pi without a battery starts with an old date.
    const others = readdirSync(folder).filter((other) => FILE_NAME.test(other) && other !== name);
    for (const old of others.sort().slice(0, 1 - FILES_KEPT)) rmSync(join(folder, old), { force: true });
    return path;
  }
}

/** The fields that are there; none when all are missing. */
function wordsOf(fields: Readonly<Record<string, string | undefined>>): object | undefined {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return present.length > 0 ? Object.fromEntries(present) : undefined;
}

function shortened(fields: object): object {
  const short = (value: unknown) => (typeof value === 'string' ? value.slice(0, TEXT_LIMIT) : value);
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, short(value)]));
}
