import type { Clock, Timer } from '../clock.js';

const LATE_MS = 250; // a timer that fires this late tells of a busy event loop, not of a silent child

/**
 * Calls back when nothing has fed it for a time. When its own timer comes late, it waits once more: what should have
 * fed it may be waiting behind the same delay.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #timer: Timer | undefined;
  #dueMs = 0;
  #deadlineMs = 0;
  #limitMs = 0;

  constructor(options: { clock: Clock; onSilence: () => void }) {
    this.#clock = options.clock;
    this.#onSilence = options.onSilence;
  }

  /** Life seen: the next sign is due within `limitMs`. Costs no new timer while one runs that is not later. */
  feed(limitMs: number): void {
    this.#limitMs = limitMs;
    this.#deadlineMs = this.#clock.nowMs() + limitMs;
    if (this.#timer !== undefined && this.#deadlineMs < this.#dueMs) this.close();
    this.#timer ??= this.#arm(limitMs);
  }

  /** Stops watching. May be called twice. */
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(delayMs: number): Timer {
    this.#dueMs = this.#clock.nowMs() + delayMs;
    return this.#clock.setTimeout(() => {
      const nowMs = this.#clock.nowMs();
      this.#timer = undefined;
      if (nowMs - this.#dueMs > LATE_MS) this.feed(this.#limitMs);
      else if (nowMs < this.#deadlineMs) this.#timer = this.#arm(this.#deadlineMs - nowMs);
      else this.#onSilence();
    }, delayMs);
  }
}
