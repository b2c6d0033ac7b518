import type { Clock, Timer } from '../clock.js';
import type { Link } from '../link/link.js';
import type { Codec } from '../protocol/protocol.js';

/** Options of `Greeting`. */
export interface GreetingOptions {
  codec: Codec;
  link: Link;
  clock: Clock;
}

/** A server that waits to be talked to first is talked to after this long, as phones do (1 s Android, 2 s iOS). */
const ASK_AFTER_MS = [1_000, 3_000] as const;
/** A server that has said nothing by now is not the one that the protocol is for. */
export const SILENT_LIMIT_MS = 10_000;
/** One that has said something may take longer to greet: AugmentOS's cloud first starts its apps, some 25 s for one that hangs. */
export const GREETING_LIMIT_MS = 60_000;

/** Sees to it that a server greets a new connection, for protocols in which it does; gives up one on which it does not. */
export class Greeting {
  readonly #options: GreetingOptions;
  #timers: Timer[] = [];
  #giveUp: Timer | undefined;

  constructor(options: GreetingOptions) {
    this.#options = options;
  }

  /** Begins to wait, unless the codec is ready at once. */
  start(): void {
    const { codec, link, clock } = this.#options;
    if (codec.isReady) return;
    const ask = () => {
      for (const message of codec.greet()) link.send(message);
    };
    this.#timers = [...ASK_AFTER_MS.map((afterMs) => clock.setTimeout(ask, afterMs))];
    this.#limit(SILENT_LIMIT_MS);
  }

  /** The server has said something, which was not its greeting: it is there, and asked by the codec if it needs to be. */
  heard(): void {
    if (this.#timers.length === 0) return;
    // To AugmentOS's cloud each asking is an order to start the person's apps.
    this.#stopAsking();
    this.#limit(GREETING_LIMIT_MS);
  }

  /** The server has greeted, or the connection is gone. May be called twice. */
  close(): void {
    this.#stopAsking();
    this.#stopLimit();
  }

  #stopAsking(): void {
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers = [];
  }

  #limit(afterMs: number): void {
    this.#stopLimit();
    const { link, clock } = this.#options;
    this.#giveUp = clock.setTimeout(() => link.drop({ kind: 'timeout', afterMs }), afterMs);
  }

  #stopLimit(): void {
    if (this.#giveUp !== undefined) this.#options.clock.clearTimeout(this.#giveUp);
    this.#giveUp = undefined;
  }
}
