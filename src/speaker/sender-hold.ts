/**
 * A sender that is held is let go when this much less waits: held briefly and often, because a server whose pings go
 * unanswered for 20 s closes the connection (GemiTARS).
 */
const STEP_MS = 2_000;

/** Decides when whoever feeds a reply has to pause, and tells each change once. */
export class SenderHold {
  readonly #limitMs: number;
  readonly #tell: (hold: boolean, waitingMs: number) => void;
  #isHolding = false;

  /** Holds the sender beyond `limitMs` of waiting sound; `tell` may be called from inside the methods. */
  constructor(limitMs: number, tell: (hold: boolean, waitingMs: number) => void) {
    this.#limitMs = limitMs;
    this.#tell = tell;
  }

  /** So much sound waits now. */
  update(waitingMs: number): void {
    const hold = waitingMs > (this.#isHolding ? this.#limitMs - STEP_MS : this.#limitMs);
    if (hold === this.#isHolding) return;
    this.#isHolding = hold;
    this.#tell(hold, waitingMs);
  }
}
