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
/** A server that has not greeted by now is not the one that the protocol is for. */
const LIMIT_MS = 10_000;

/** Sees to it that a server greets a new connection, for protocols in which it does; gives up one on which it does not. */
export class Greeting {
  readonly #options: GreetingOptions;
  #timers: Timer[] = [];

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
    this.#timers = [
      ...ASK_AFTER_MS.map((afterMs) => clock.setTimeout(ask, afterMs)),
      clock.setTimeout(() => link.drop({ kind: 'timeout', afterMs: LIMIT_MS }), LIMIT_MS),
    ];
  }

  /** The server has greeted, or the connection is gone. May be called twice. */
  close(): void {
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#timers = [];
  }
}
