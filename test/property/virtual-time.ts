import { FakeClock } from '../link/support.js';

/** Every promise that can be resolved now is, and what follows from it has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A clock that moves when told to, from timer to timer, and lets promises take their course in between. */
export class VirtualTime extends FakeClock {
  readonly #afterEach: () => void;

  /** `afterEach` is called whenever something may have happened. */
  constructor(afterEach: () => void) {
    super();
    this.#afterEach = afterEach;
  }

  /** Lets so many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs() + ms;
    await this.#settle();
    for (let atMs = this.nextAtMs; atMs !== undefined && atMs <= untilMs; atMs = this.nextAtMs) {
      this.advance(Math.max(0, atMs - this.nowMs()));
      await this.#settle();
    }
    this.advance(untilMs - this.nowMs());
  }

  /** Lets time pass until something holds; false when it does not within `limitMs`. */
  async until(holds: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.nowMs() + limitMs;
    await this.#settle();
    while (!holds()) {
      const atMs = this.nextAtMs;
      if (atMs === undefined || atMs > untilMs) {
        this.advance(untilMs - this.nowMs());
        return holds();
      }
      this.advance(Math.max(0, atMs - this.nowMs()));
      await this.#settle();
    }
    return true;
  }

  /** Lets time pass until a promise is settled, and no longer than `limitMs`. */
  async settling(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
    let isSettled = false;
    const note = () => {
      isSettled = true;
    };
    promise.then(note, note);
    return this.until(() => isSettled, limitMs);
  }

  async #settle(): Promise<void> {
    await settled();
    this.#afterEach();
  }
}
