import type { Clock } from '../clock.js';

/**
 * Opening takes about twice as long as loading did (60 and 120 ms on x86-64): both are the same processor, card and load, so that a
 * child five times slower than that does not work, it hangs.
 */
const LOADS_AN_OPENING = 10;
/** A sound server's clients may wait for a block of it, and those of a null sink are 2 s long. */
const SHORTEST_MS = 2_000;
/** A sound server may take seconds to wake a suspended source, and a Pi Zero to start Node. */
const LONGEST_MS = 5_000;

/**
 * How long a child may take to hand on its first sound. One that says when it begins to open its device is held to its own
 * pace; after one that was not ready in that time the next gets the longest limit, so that a slow device is opened too.
 */
export class OpeningLimit {
  readonly #clock: Clock;
  #beganAtMs = 0;
  #isPatient = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A child starts: milliseconds until it must say that it opens, or hand on sound. */
  start(): number {
    this.#beganAtMs = this.#clock.nowMs();
    return LONGEST_MS;
  }

  /** It has loaded and opens its device: milliseconds until its first sound. */
  opening(): number {
    const loadMs = this.#clock.nowMs() - this.#beganAtMs;
    if (this.#isPatient) return LONGEST_MS;
    return Math.round(Math.min(LONGEST_MS, Math.max(SHORTEST_MS, LOADS_AN_OPENING * loadMs)));
  }

  /** How it ended: in time, or over the limit. */
  note(outcome: 'ready' | 'late'): void {
    this.#isPatient = outcome === 'late';
  }
}
