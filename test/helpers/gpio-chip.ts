import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, watch, writeFileSync, writeSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { missingPrograms } from './processes.js';
import { Watch } from './watch.js';

const SOURCE = resolve('test/helpers/gpio-chip.c');
/** Sizes of struct gpioevent_data and struct gpio_v2_line_event of linux/gpio.h. */
const EVENT_BYTES = { v1: 16, v2: 48 };
/** How many edges of a line the kernel keeps. */
const QUEUE = 16;

/** Why no chip can be simulated here; false where one can. */
export function whyNoChip(): string | false {
  return missingPrograms(['cc']).length === 0
    ? false
    : 'a simulated chip needs a C compiler: apt-get install gcc libc6-dev';
}

/** A value that a line was set to. */
export interface LineValue {
  line: number;
  isOn: boolean;
  /** On the scale of `performance.now()`. */
  atMs: number;
}

/** A line that was asked for, as the kernel would have got it. */
export interface LineRequest {
  line: number;
  flags: number;
  /** 1: rising, 2: falling. */
  edges: number;
  consumer: string;
  uapi: 'v1' | 'v2';
}

/** Makes a chip in an empty folder. */
export function makeChip(folder: string): void {
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', join(folder, 'chip.so'), SOURCE, '-ldl']);
  writeFileSync(join(folder, 'gpiochip0'), '');
  writeFileSync(join(folder, 'dev'), '0:0\n');
  writeFileSync(join(folder, 'log'), '');
}

/** The chip of a folder, that only programs started with `variables` see; see gpio-chip.c. */
export class SimulatedChip {
  readonly #folder: string;
  readonly #watch = new Watch();
  readonly #stopWatching: () => void;

  constructor(folder: string) {
    this.#folder = folder;
    const watcher = watch(folder, () => this.#watch.notify());
    this.#stopWatching = () => watcher.close();
  }

  /** As /dev/gpiochip0. */
  get path(): string {
    return join(this.#folder, 'gpiochip0');
  }

  /** What goes into the environment of a program. */
  get variables(): Record<string, string> {
    return { GPIO_CHIP_FOLDER: this.#folder, LD_PRELOAD: join(this.#folder, 'chip.so') };
  }

  get requests(): LineRequest[] {
    return this.#entries('request').map(([line, flags, edges, consumer = '', uapi]) => ({
      line: Number(line),
      flags: Number(flags),
      edges: Number(edges),
      consumer,
      uapi: uapi === 'v2' ? 'v2' : 'v1',
    }));
  }

  /** What a line was set to, in order. */
  values(ofLine: number): LineValue[] {
    return this.#entries('set')
      .map(([line, value, atNs]) => ({ line: Number(line), isOn: value === '1', atMs: scaled(BigInt(atNs ?? 0)) }))
      .filter(({ line }) => line === ofLine);
  }

  /** Changes of a line's level, from the present one to the other and back by turns, each so long after the one before. */
  async contact(line: number, ...afterMs: number[]): Promise<void> {
    for (const ms of afterMs) {
      await new Promise((done) => setTimeout(done, ms));
      this.bounce(line, 1);
    }
  }

  /**
   * So many changes of a line's level within less than a millisecond, and the edges that the kernel keeps of them: the first of
   * all for the one interface, the last of all for the other.
   */
  bounce(line: number, count: number): void {
    const wasActive = existsSync(join(this.#folder, `active-${line}`));
    const nowNs = process.hrtime.bigint();
    const edges = Array.from({ length: count }, (_, index) => ({
      isActive: wasActive === (index % 2 === 1),
      atNs: nowNs - 10_000n * BigInt(count - 1 - index),
    }));
    this.#mark(`active-${line}`, wasActive === (count % 2 === 0));
    const { uapi } = this.#requestOf(line);
    const kept = uapi === 'v1' ? edges.slice(0, QUEUE) : edges.slice(-QUEUE);
    // Read and write: to open a pipe for writing waits for a reader, and a device that has ended never comes.
    const pipe = openSync(join(this.#folder, `event-${line}`), 'r+');
    writeSync(pipe, Buffer.concat(kept.map(({ isActive, atNs }) => eventOf(uapi, line, isActive, atNs))));
    closeSync(pipe);
  }

  /** Resolves when `probe` is content with the chip. */
  until(probe: () => boolean, what: string, timeoutMs = 5000): Promise<true> {
    return this.#watch.for(
      () => probe() || undefined,
      timeoutMs,
      () => `${what}; the log of the chip:\n${this.#text()}`,
    );
  }

  /** The chip is unplugged, or back. */
  set isGone(isGone: boolean) {
    this.#mark('gone', isGone);
  }

  /** It does not tell of itself, or does again. */
  set isMute(isMute: boolean) {
    this.#mark('mute', isMute);
  }

  /** A line belongs to somebody else, or does not any more. */
  setBusy(line: number, isBusy: boolean): void {
    this.#mark(`busy-${line}`, isBusy);
  }

  close(): void {
    this.#stopWatching();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #mark(name: string, isThere: boolean): void {
    const file = join(this.#folder, name);
    if (isThere) writeFileSync(file, '');
    else rmSync(file, { force: true });
  }

  #requestOf(line: number): LineRequest {
    const request = this.requests.findLast((each) => each.line === line);
    if (!request) throw new Error(`nobody watches line ${line}`);
    return request;
  }

  #entries(kind: string): string[][] {
    return this.#text()
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([first, ...rest]) => (first === kind ? [rest] : []));
  }

  #text(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }
}

/** A chip for one test. */
export async function simulateChip(test: TestContext): Promise<SimulatedChip> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-chip-'));
  makeChip(folder);
  const chip = new SimulatedChip(folder);
  test.after(() => chip.close());
  return chip;
}

function scaled(atNs: bigint): number {
  return performance.now() - Number(process.hrtime.bigint() - atNs) / 1e6;
}

/** An edge as the kernel's interface has it. */
function eventOf(uapi: LineRequest['uapi'], line: number, isActive: boolean, atNs: bigint): Buffer {
  const event = Buffer.alloc(EVENT_BYTES[uapi]);
  event.writeBigUInt64LE(atNs, 0);
  event.writeUInt32LE(isActive ? 1 : 2, 8);
  event.writeUInt32LE(uapi === 'v2' ? line : 0, 12);
  return event;
}
