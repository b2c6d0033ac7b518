import { createRequire } from 'node:module';
import { type Logger, pino } from 'pino';
import type * as PinoPretty from 'pino-pretty';

/** A logger of one component; made with `log.child({ module })`. Speech, audio and secrets never go into it. */
export type Log = Logger;

/** The events of the log, each with its fields. Names and fields are a promise to whoever reads the log. */
export interface Events {
  'client.started': { version: string; protocol: string; server: string };
  'client.stopped': { code: number };
  /** An exception or a rejection that nothing caught: the program ends. `stack` is for a report. */
  'client.crashed': { why: string; stack: string };
  /** The black box was written: `to` a file, or to the log when there is no state directory. */
  'blackbox.written': { why: string; to: string };
  'state.changed': { from: string; to: string; why: string };
  /** A state that should have been left by now: a defect, told for a report. */
  'state.overdue': { state: string; ms: number; limitMs: number };
  'link.up': { url: string; attempt: number };
  'link.down': { code: number; reason: string; retryInMs: number; failures: number };
  'mic.ready': { backend: string; device: string; rateHz: number };
  'mic.lost': { why: string };
  'speaker.ready': { backend: string; device: string };
  'speaker.lost': { why: string };
  'hotword.ready': { engine: string; phrases: readonly string[] };
  'hotword.detected': { phrase: string; score: number; engine: string };
  /** The sound of the last detections was written, because somebody asked: so many files into this folder. */
  'hotword.saved': { files: number; folder: string };
  /** A phrase whose action is an event of the user's own. */
  'hotword.event': { name: string; phrase: string };
  /** A GPIO line was opened: which are open now, for a person; "" for none. */
  'gpio.ready': { button: string; led: string };
  'gpio.lost': { why: string };
  'button.pressed': { press: 'short' | 'long' | 'double' };
  'session.started': { turn: number };
  'session.ended': { reason: string; ms: number };
  'reply.started': { firstSampleMs: number };
  /** `lastSampleMs`: from the first sample to when the last one was due, by what the device was given. */
  'reply.completed': { playedMs: number; lastSampleMs: number; underruns: number };
  /** The apps that run on the server. */
  'apps.changed': { running: readonly string[] };
  /** The status page is served here. */
  'page.ready': { url: string };
  'protocol.ignored': { type: string; detail: string };
  'turn.timing': {
    turn: number;
    /** From the hotword (or the end of the reply before) to the first microphone byte given to the socket. */
    firstByteOutMs: number;
    /** From the first microphone byte of the turn to the first byte of the reply. */
    replyAfterMs: number;
    /** From the first byte of the reply to its first sample given to the device. */
    firstSampleMs: number;
    /** From the first sample given to the device to the word of the device that the last one has been played. */
    playedMs: number;
  };
}

export type EventName = keyof Events;

/** One entry of the journal. */
export type JournalEntry = { [K in EventName]: { event: K; fields: Events[K] } }[EventName];

/** What happened inside that is too small or too frequent for the log, and is kept for the black box only. */
export interface Trace {
  type: string;
  why?: string;
  reason?: string;
}

const LEVELS: Partial<Record<EventName, 'warn' | 'error' | 'fatal'>> = {
  'link.down': 'warn',
  'mic.lost': 'warn',
  'speaker.lost': 'warn',
  'gpio.lost': 'warn',
  'protocol.ignored': 'warn',
  'state.overdue': 'error',
  'blackbox.written': 'error',
  'client.crashed': 'fatal',
};

/**
 * The one way events take: into the log, and to whoever watches (narration, terminal, page). A watcher that throws
 * is reported in the log and does not disturb the others.
 */
export class Journal {
  readonly #log: Log;
  readonly #watchers = new Set<(entry: JournalEntry) => void>();
  readonly #tracers = new Set<(trace: Trace) => void>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Writes one event. */
  record<K extends EventName>(event: K, fields: Events[K]): void {
    this.#log[LEVELS[event] ?? 'info']({ event, ...fields });
    this.#tell(this.#watchers, { event, fields } as JournalEntry);
  }

  /** Notes something for those who follow traces; nothing is logged. */
  trace(trace: Trace): void {
    this.#tell(this.#tracers, trace);
  }

  /** Calls `watcher` for every event from now on; the returned function ends it. */
  watch(watcher: (entry: JournalEntry) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Calls `tracer` for every trace from now on; the returned function ends it. */
  watchTraces(tracer: (trace: Trace) => void): () => void {
    this.#tracers.add(tracer);
    return () => this.#tracers.delete(tracer);
  }

  #tell<T>(listeners: Iterable<(told: T) => void>, told: T): void {
    for (const listener of listeners) {
      try {
        listener(told);
      } catch (error) {
        this.#log.error({ err: error }, 'a watcher of the journal failed');
      }
    }
  }
}

/** What `createLog` needs to know; the values of `[log]`. */
export interface LogOptions {
  level: string;
  format: 'auto' | 'pretty' | 'json';
  /** Where it goes; commands whose stdout is their result log to stderr. @default 'stdout' */
  to?: 'stdout' | 'stderr';
  /** Prints the lines for a person, where something else is on their terminal as well. @default writes to `to` */
  print?: ((text: string) => void) | undefined;
}

/**
 * The program's logger: one JSON object a line on stdout (or stderr), or lines for a person when stdout is a terminal.
 * Writes synchronously, so that the last line before an exit is not lost.
 */
export function createLog(options: LogOptions): Log {
  const stream = process[options.to ?? 'stdout'];
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && stream.isTTY === true);
  const base = { level: options.level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  const destination = pino.destination({ dest: stream.fd, sync: true });
  if (!isPretty) return pino(base, destination);
  const format = lineFormat(stream.isTTY === true && !process.env.NO_COLOR);
  const print = options.print ?? ((text: string) => destination.write(text));
  return pino(base, { write: (line) => print(format(line)) });
}

function lineFormat(isColoured: boolean): (line: string) => string {
  // Only where a person reads the log: a service does without its code.
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
  return prettyFactory({
    colorize: isColoured,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'module,event',
    messageFormat: (entry, messageKey) => {
      const text = entry[messageKey];
      return [entry.module, entry.event, text].filter((part) => part !== undefined).join(' ');
    },
    singleLine: true,
  });
}
