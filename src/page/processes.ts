import { readFileSync } from 'node:fs';
import type { Clock } from '../clock.js';
import { entries, text } from '../pcm/system-files.js';

/** What this program takes of the machine. */
export interface Usage {
  /** Processor time in seconds: of this process, and of its children, those that have ended among them. */
  cpuS: { main: number; children: number };
  /** Proportional memory in bytes: pages that several processes share count by their part. */
  memoryBytes: { main: number; children: number };
}

const KEPT_MS = 1_000;
/** The kernel's unit of processor time in /proc: USER_HZ, the same on all of Node's platforms with a /proc. */
const TICKS_A_SECOND = 100;
/** Fields of /proc/PID/stat behind the name, from 0 on. */
const UTIME = 11;
const STIME = 12;
const CHILDREN_UTIME = 13;
const CHILDREN_STIME = 14;

/** Reads /proc; where there is none, children count for nothing. `root` is for tests. */
export function usage(pid = process.pid, root = '/proc'): Usage {
  const own = statOf(pid, root);
  const children = descendants(pid, root);
  const living = children.map((child) => sum(statOf(child, root), UTIME, STIME, CHILDREN_UTIME, CHILDREN_STIME));
  return {
    cpuS: {
      main: sum(own, UTIME, STIME) / TICKS_A_SECOND,
      children: (sum(own, CHILDREN_UTIME, CHILDREN_STIME) + total(living)) / TICKS_A_SECOND,
    },
    memoryBytes: {
      main: memoryOf(pid, root),
      children: total(children.map((child) => memoryOf(child, root))),
    },
  };
}

/** Reads it once a second at most, however often it is asked: it takes the time of the thread that moves the sound. */
export class UsageMeter {
  readonly #clock: Clock;
  readonly #read: () => Usage;
  #last: { atMs: number; usage: Usage } | undefined;

  /** `read` is for tests. */
  constructor(clock: Clock, read: () => Usage = usage) {
    this.#clock = clock;
    this.#read = read;
  }

  /** What the program takes, as of a second ago or later. */
  read(): Usage {
    const nowMs = this.#clock.nowMs();
    if (!this.#last || nowMs - this.#last.atMs >= KEPT_MS) this.#last = { atMs: nowMs, usage: this.#read() };
    return this.#last.usage;
  }
}

function descendants(pid: number, root: string): number[] {
  const tasks = `${root}/${pid}/task`;
  const children = entries(tasks).flatMap((task) => text(`${tasks}/${task}/children`).split(' ').filter(Boolean));
  return children.flatMap((child) => [Number(child), ...descendants(Number(child), root)]);
}

/** The fields behind the name, which may have spaces in it; none of a process that has just ended. */
function statOf(pid: number, root: string): readonly string[] {
  const line = text(`${root}/${pid}/stat`);
  return line.slice(line.lastIndexOf(')') + 2).split(' ');
}

function memoryOf(pid: number, root: string): number {
  try {
    const kib = /^Pss: +(\d+) kB$/m.exec(readFileSync(`${root}/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}

function sum(fields: readonly string[], ...places: number[]): number {
  return total(places.map((place) => Number(fields[place] ?? 0)));
}

function total(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
