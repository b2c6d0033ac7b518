import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../src/errors.js';
import type { EventName, Events } from '../../src/log.js';
import { descendants, type ProcessInfo, processes, withVariable } from './process-tree.js';
import { atProcessEnd, endProcess, hasExited, within } from './processes.js';
import { Watch } from './watch.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const WAIT_LIMIT_MS = 10_000;
const TAIL_LINES = 50;

/** What a device is started with. */
export interface DeviceOptions {
  /** The environment, usually `VirtualSound.env`; variables of the program itself (TARS_…) are left out. */
  env?: NodeJS.ProcessEnv;
  /** The text of its configuration file. */
  config?: string;
  /** Arguments after `--config FILE`, such as `--server.url=ws://…`. */
  flags?: readonly string[];
  /** The program's own variables. */
  variables?: Readonly<Record<string, string>>;
  /** @default 'run' */
  command?: string;
  /** The program. @default the built main.js */
  main?: string;
}

/** A line of the log. */
export interface LogLine {
  /** When it arrived, on the scale of `performance.now()`. */
  atMs: number;
  event?: string;
  msg?: string;
  level?: string;
  [field: string]: unknown;
}

/** A line of the log that is an event. */
export type EventLine<K extends EventName> = LogLine & Events[K] & { event: K };

/** How a device ended. */
export interface DeviceExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** From the last signal sent by `signal()` or `stop()` to the end; from the start where none was sent. */
  ms: number;
}

/** Where and how long `waitFor` looks. */
export interface WaitOptions<K extends EventName> {
  where?: (line: EventLine<K>) => boolean;
  /** @default 10000 */
  timeoutMs?: number;
}

/** The built program as a process of its own, seen through its log. */
export class Device {
  /** Every JSON line of stdout so far. */
  readonly lines: LogLine[] = [];
  /** Lines of stdout that are not JSON objects: with the JSON log there must be none. */
  readonly strayLines: string[] = [];
  /** Lines of stderr. */
  readonly errorLines: string[] = [];
  readonly #options: DeviceOptions;
  readonly #marker = `TEST_DEVICE_ID=${randomUUID()}`;
  readonly #watch = new Watch();
  #child: ChildProcess | undefined;
  #folder: string | undefined;
  #exited: Promise<DeviceExit> | undefined;
  #exit: DeviceExit | undefined;
  #forget = () => {};
  #cursor = 0;
  #sinceMs = 0;

  constructor(options: DeviceOptions = {}) {
    this.#options = options;
  }

  /** Starts the program; resolves when the process exists. It has not done anything then. */
  async start(): Promise<void> {
    const { command = 'run', main = MAIN, flags = [], config = '' } = this.#options;
    const folder = await mkdtemp(join(tmpdir(), 'tars-device-'));
    this.#folder = folder;
    const configPath = join(folder, 'config.toml');
    await writeFile(configPath, config);
    const child = spawn(process.execPath, ['--enable-source-maps', main, command, '--config', configPath, ...flags], {
      cwd: folder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own process group, so that what it leaves behind can be found and ended.
      detached: true,
    });
    this.#child = child;
    this.#sinceMs = performance.now();
    this.#forget = atProcessEnd(() => {
      this.#killAll();
      rmSync(folder, { recursive: true, force: true });
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#read(line));
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.errorLines.push(line);
      this.#watch.notify();
    });
    // 'close' comes after the last line, 'exit' may come before it.
    this.#exited = once(child, 'close').then(([code, signal]) => {
      this.#exit = { code, signal, ms: performance.now() - this.#sinceMs };
      this.#watch.notify();
      return this.#exit;
    });
    await once(child, 'spawn');
  }

  /** The process id. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('Device: start() it first');
    return pid;
  }

  /** Resolves when the process has ended and its last line has been read. */
  get exited(): Promise<DeviceExit> {
    if (!this.#exited) throw new Error('Device: start() it first');
    return this.#exited;
  }

  /** The events so far. */
  get events(): LogLine[] {
    return this.lines.filter(({ event }) => event !== undefined);
  }

  /** The state that the device is in by its own word; `idle` before the first. */
  get state(): string {
    const last = this.lines.findLast(({ event }) => event === 'state.changed');
    return typeof last?.to === 'string' ? last.to : 'idle';
  }

  /** All events of one name. */
  all<K extends EventName>(event: K): EventLine<K>[] {
    return this.lines.filter((line): line is EventLine<K> => line.event === event);
  }

  /** From now on `waitFor` does not look at what has been logged so far. */
  mark(): void {
    this.#cursor = this.lines.length;
  }

  /**
   * The first event of this name since the last `mark()`; waits for it if need be. Rejects when the time is over or
   * the program ends, with the last lines of the log.
   */
  async waitFor<K extends EventName>(event: K, options: WaitOptions<K> = {}): Promise<EventLine<K>> {
    return this.#waitFrom(this.#cursor, event, options);
  }

  /** Resolves when the device is in this state, at once where it is already. Leaves the mark where it is. */
  async waitForState(state: string, timeoutMs = WAIT_LIMIT_MS): Promise<void> {
    if (this.state === state) return;
    await this.#waitFrom(this.lines.length, 'state.changed', { where: ({ to }) => to === state, timeoutMs });
  }

  /** Resolves when a line of the log, at any time so far or from now on, has this in its message. */
  async waitForText(text: string, timeoutMs = WAIT_LIMIT_MS): Promise<void> {
    await this.#waitForLine(({ msg }) => String(msg).includes(text), `"${text}"`, timeoutMs);
  }

  /** The first match in a line of stderr, so far or from now on. */
  waitForError(pattern: RegExp): Promise<RegExpExecArray> {
    const probe = () => this.errorLines.map((line) => pattern.exec(line)).find((match) => match !== null);
    return this.#watch.for(probe, WAIT_LIMIT_MS, () => `${pattern} on stderr\n${this.tail()}`);
  }

  /** The device's child processes, and theirs. */
  children(): ProcessInfo[] {
    return descendants(this.pid);
  }

  /** What is left of the device's processes: itself, its group, and whatever it started. */
  leftovers(): ProcessInfo[] {
    const ours = processes().filter(({ groupId }) => groupId === this.#child?.pid);
    const marked = withVariable(this.#marker).filter(({ pid }) => !ours.some((known) => known.pid === pid));
    return [...ours, ...marked];
  }

  /** Replaces the text of its configuration file; the program reads it when it is told to. */
  async configure(config: string): Promise<void> {
    if (!this.#folder) throw new Error('Device: start() it first');
    await writeFile(join(this.#folder, 'config.toml'), config);
  }

  /** Sends a signal to the program alone. */
  signal(signal: NodeJS.Signals): void {
    this.#sinceMs = performance.now();
    this.#child?.kill(signal);
  }

  /**
   * Ends the program by SIGTERM, and by force after `graceMs`. Throws AssertionError where it left a process behind,
   * after having ended that too. May be called twice.
   */
  async stop(graceMs = 5000): Promise<DeviceExit> {
    const child = this.#child;
    if (!child) return { code: null, signal: null, ms: 0 };
    if (!hasExited(child)) this.#sinceMs = performance.now();
    await endProcess(child, 'SIGTERM', graceMs);
    const left = this.leftovers();
    this.#killAll();
    await this.#untilGone();
    const exit = await within(this.exited, WAIT_LIMIT_MS, () => 'the end of the output of the device');
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#forget();
    assert.deepEqual(
      left.map(({ command }) => command),
      [],
      `the device left processes behind\n${this.tail()}`,
    );
    return exit;
  }

  /** The last lines of the log and of stderr, for a person. */
  tail(): string {
    const lines = this.lines.slice(-TAIL_LINES).map((line) => JSON.stringify({ ...line, atMs: Math.round(line.atMs) }));
    const errors = [...this.strayLines, ...this.errorLines].slice(-TAIL_LINES);
    return ['--- log', ...lines, '--- stderr', ...errors, '---'].join('\n');
  }

  async #waitFrom<K extends EventName>(from: number, event: K, options: WaitOptions<K>): Promise<EventLine<K>> {
    const { where = () => true, timeoutMs = WAIT_LIMIT_MS } = options;
    const isMeant = (line: LogLine, at: number) => at >= from && line.event === event && where(line as EventLine<K>);
    return (await this.#waitForLine(isMeant, event, timeoutMs)) as EventLine<K>;
  }

  async #waitForLine(
    isMeant: (line: LogLine, at: number) => boolean,
    what: string,
    timeoutMs: number,
  ): Promise<LogLine> {
    const probe = () => {
      const line = this.lines.find(isMeant);
      if (!line && this.#exit)
        throw new Error(`the device ended (${this.#exit.code ?? this.#exit.signal}) before ${what}`);
      return line;
    };
    try {
      return await this.#watch.for(probe, timeoutMs, () => `${what} of the device, which is ${this.state}`);
    } catch (error) {
      throw new Error(`${messageOf(error)}\n${this.tail()}`);
    }
  }

  #environment(): NodeJS.ProcessEnv {
    const inherited = Object.entries(this.#options.env ?? process.env).filter(([name]) => !name.startsWith('TARS_'));
    const [name, value] = this.#marker.split('=');
    return { ...Object.fromEntries(inherited), ...this.#options.variables, [name ?? '']: value };
  }

  #read(text: string): void {
    const fields = objectOf(text);
    if (fields) this.lines.push({ ...fields, atMs: performance.now() });
    else this.strayLines.push(text);
    this.#watch.notify();
  }

  /** Processes killed are gone a moment later; other people's children send no event. */
  async #untilGone(): Promise<void> {
    for (let round = 0; round < 200 && this.leftovers().length > 0; round++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #killAll(): void {
    for (const { pid } of this.leftovers()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
  }
}

/**
 * Starts a device for one test: it is stopped when the test is over, and its last lines are printed where the test
 * failed.
 */
export async function startDevice(test: TestContext, options: DeviceOptions): Promise<Device> {
  const device = new Device(options);
  test.after(async () => {
    if (hasFailed(test)) process.stderr.write(`${device.tail()}\n`);
    await device.stop();
  });
  await device.start();
  return device;
}

// The types of Node 20 do not know the field; its releases before 20.12 do not have it, and print nothing.
function hasFailed(test: TestContext): boolean {
  return (test as { passed?: boolean }).passed === false;
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
