/** Which wait a failure earns. */
export type Lane =
  /** The ordinary schedule: soon at first, then ever slower up to a ceiling. */
  | 'fast'
  /** The server is there but asks to be left alone for now: the schedule's ceiling at once. */
  | 'busy'
  /** Trying again cannot help before a person has mended something. */
  | 'slow';

/** Settings of `Backoff`. */
export interface BackoffOptions {
  /** The first retry comes after a random time of 0 to this. @default 500 milliseconds */
  retryFirstMs: number;
  /** The ceiling of the second retry; it doubles from then on. @default 1000 milliseconds */
  retryBaseMs: number;
  /** No ceiling is higher than this. @default 15000 milliseconds */
  retryMaxMs: number;
  /** The wait of the slow lane. @default 60000 milliseconds */
  retrySlowMs: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

/**
 * How long to wait before the next dial: the first retry after a random time of 0 to `retryFirstMs`, then equal jitter
 * (half of the ceiling, and a random part of the other half), the ceiling doubling from `retryBaseMs` to `retryMaxMs`,
 * without end. The policy and what was measured of it: the issue on the connection, and field notes §2.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #step = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The next wait in milliseconds. `atLeastMs` is the server's own wish, which is never undercut. */
  next(lane: Lane, atLeastMs = 0): number {
    const waitMs = this.#wait(lane);
    this.#step += 1;
    if (waitMs >= atLeastMs) return waitMs;
    // A little on top, so that the devices that one server has sent away do not all come back in the same instant.
    return atLeastMs + this.#options.random() * this.#options.retryFirstMs;
  }

  /** Begins the schedule anew. */
  restart(): void {
    this.#step = 0;
  }

  #wait(lane: Lane): number {
    const { retryFirstMs, retryBaseMs, retryMaxMs, retrySlowMs, random } = this.#options;
    if (lane === 'slow') return retrySlowMs;
    if (lane === 'busy') return equalJitter(retryMaxMs, random);
    if (this.#step === 0) return random() * Math.min(retryFirstMs, retryMaxMs);
    return equalJitter(Math.min(retryMaxMs, retryBaseMs * 2 ** (this.#step - 1)), random);
  }
}

function equalJitter(ceilingMs: number, random: () => number): number {
  return ceilingMs / 2 + (random() * ceilingMs) / 2;
}
