import type { Edge } from './debouncer.js';

/** What a person did with the button. */
export type Press = 'short' | 'long' | 'double';

/** Options of `PressRecogniser`. */
export interface PressOptions {
  /** Held for so long it is a long press, told while it is still held. */
  longMs: number;
  /** A second short press that begins within so long after the first one makes a double press; 0: there are none. */
  doubleGapMs: number;
}

/**
 * Tells short, long and double presses apart. A short press counts when it ends; where there are double presses, when no
 * second one has followed. Pure: the time is given.
 */
export class PressRecogniser {
  readonly #options: PressOptions;
  /** When the present press began, until it has become a long one. */
  #downMs: number | undefined;
  /** When a short press ended that may become a double one. */
  #waitingSinceMs: number | undefined;

  constructor(options: PressOptions) {
    this.#options = options;
  }

  /** Takes the edges since the last call, free of bounces and the oldest first, and the present time. */
  feed(edges: readonly Edge[], nowMs: number): Press[] {
    const presses: Press[] = [];
    for (const { isPressed, atMs } of edges) {
      this.#pass(atMs, presses);
      if (isPressed) this.#downMs = atMs;
      else this.#release(atMs, presses);
    }
    this.#pass(nowMs, presses);
    return presses;
  }

  #release(atMs: number, presses: Press[]): void {
    if (this.#downMs === undefined) return;
    this.#downMs = undefined;
    if (this.#waitingSinceMs !== undefined) {
      this.#waitingSinceMs = undefined;
      presses.push('double');
    } else if (this.#options.doubleGapMs === 0) presses.push('short');
    else this.#waitingSinceMs = atMs;
  }

  /** What time alone brings, until `untilMs`. */
  #pass(untilMs: number, presses: Press[]): void {
    const { longMs, doubleGapMs } = this.#options;
    const isHeld = this.#downMs !== undefined;
    const isLong = this.#downMs !== undefined && untilMs - this.#downMs >= longMs;
    const isAlone = this.#waitingSinceMs !== undefined && !isHeld && untilMs - this.#waitingSinceMs > doubleGapMs;
    if (isAlone || (isLong && this.#waitingSinceMs !== undefined)) {
      this.#waitingSinceMs = undefined;
      presses.push('short');
    }
    if (isLong) {
      this.#downMs = undefined;
      presses.push('long');
    }
  }
}
