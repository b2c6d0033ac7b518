import type { Clock, Timer } from '../clock.js';

/** How finely a busy event loop is told from a silent child. */
const STEP_MS = 100;

/**
 * Calls back when nothing has fed it for a time. Time in which this process itself was late does not count: what should
 * have fed the watchdog waited behind the same delay.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #timer: Timer | undefined;
  #dueMs = 0;
  #limitMs = 0;
  /** The last sign of life, moved on by the time that does not count. */
  #fedMs = 0;

  constructor(options: { clock: Clock; onSilence: () => void }) {
    this.#clock = options.clock;
    this.#onSilence = options.onSilence;
  }

  /** Life seen: the next sign is due within `limitMs`, which is 100 or more. Costs no new timer. */
  feed(limitMs: number): void {
    this.#limitMs = limitMs;
    this.#fedMs = this.#clock.nowMs();
    this.#timer ??= this.#arm(this.#fedMs);
  }

  /** Stops watching. May be called twice. */
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Time that passes from `nowMs` until the timer runs counts as late, wherever it passes. */
  #arm(nowMs: number): Timer {
    const delayMs = Math.min(STEP_MS, this.#fedMs + this.#limitMs - nowMs);
    this.#dueMs = nowMs + delayMs;
    return this.#clock.setTimeout(() => this.#look(), delayMs);
  }

  #look(): void {
    const nowMs = this.#clock.nowMs();
    this.#fedMs = Math.min(nowMs, this.#fedMs + Math.max(0, nowMs - this.#dueMs));
    const isSilent = nowMs >= this.#fedMs + this.#limitMs;
    this.#timer = isSilent ? undefined : this.#arm(nowMs);
    if (isSilent) this.#onSilence();
  }
}
