import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '../clock.js';

/** The addresses of this machine, as `os.networkInterfaces` tells them. */
type Interfaces = () => Record<string, readonly { address: string; internal: boolean }[] | undefined>;

/** Settings of `NetworkWatch`. */
export interface NetworkWatchOptions {
  clock: Clock;
  /** How often the interfaces are looked at. @default 3000 milliseconds */
  pollMs?: number;
  /** @default os.networkInterfaces */
  interfaces?: Interfaces;
}

/**
 * Tells when the addresses of this machine change: Wi-Fi found again, a cable plugged in, a new lease. Polls, because
 * Node has no event for it.
 */
export class NetworkWatch {
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #interfaces: Interfaces;
  #timer: Timer | undefined;
  #seen = '';

  constructor(options: NetworkWatchOptions) {
    this.#clock = options.clock;
    this.#pollMs = options.pollMs ?? 3_000;
    this.#interfaces = options.interfaces ?? networkInterfaces;
  }

  /** Calls `changed` after each change from now on, until `close()`. */
  start(changed: () => void): void {
    if (this.#timer !== undefined) return;
    this.#seen = this.#addresses();
    const poll = () => {
      this.#timer = this.#clock.setTimeout(poll, this.#pollMs);
      const now = this.#addresses();
      if (now === this.#seen) return;
      this.#seen = now;
      changed();
    };
    this.#timer = this.#clock.setTimeout(poll, this.#pollMs);
  }

  /** Stops looking. May be called twice. */
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #addresses(): string {
    try {
      return Object.entries(this.#interfaces())
        .flatMap(([name, addresses]) => (addresses ?? []).filter((a) => !a.internal).map((a) => `${name} ${a.address}`))
        .sort()
        .join('\n');
    } catch {
      // A sandbox may forbid the question (uv_interface_addresses fails without AF_NETLINK); then there is nothing to tell.
      return '';
    }
  }
}
