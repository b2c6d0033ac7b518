import type { Clock, Timer } from '../clock.js';
import type { LinkTempo } from './link.js';

/** Settings of `Heartbeat`. */
export interface HeartbeatPolicy {
  /** Time between two pings outside a session. @default 5000 milliseconds */
  pingIdleMs: number;
  /** In a session: the ping interval that the promise counts with (pings go out twice as often). @default 2000 milliseconds */
  pingSessionMs: number;
  /** How long an answer may take; in a session it is at most `pingSessionMs`. @default 4000 milliseconds */
  pongTimeoutMs: number;
}

/** What `Heartbeat` needs of the connection it watches. */
export interface HeartbeatPort {
  /** Sends a ping. */
  ping(): void;
  /** The peer has been silent for too long; said once, and the heartbeat has stopped. */
  dead(silentMs: number): void;
}

/** A timer that fires later than this tells of a late event loop: what the peer sent may lie unread in the kernel. */
const LATE_MS = 100;
/** How often in one silence the event loop may be blamed instead of the peer; without a bound, a busy device would never notice. */
const EXCUSES = 3;

/**
 * Notices a dead peer. The peer is dead when nothing at all has come from it for the ping interval plus the time an
 * answer may take: 9 s idle, 4 s in a session with the defaults. Pings go out at the interval, in a session at half
 * of it: an answer then has 3 s instead of 2, which a link with 1.5 s of delay each way needs, and the promise holds.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #policy: HeartbeatPolicy;
  readonly #port: HeartbeatPort;
  #everyMs = 0;
  #limitMs = 0;
  #lifeAtMs = 0;
  #pingAtMs = 0;
  #deadAtMs = 0;
  #dueAtMs = 0;
  #excuses = 0;
  #timer: Timer | undefined;
  #isHeld = false;

  constructor(options: { clock: Clock; policy: HeartbeatPolicy; port: HeartbeatPort }) {
    this.#clock = options.clock;
    this.#policy = options.policy;
    this.#port = options.port;
  }

  /** Begins to watch a peer that was alive just now. */
  start(tempo: LinkTempo): void {
    this.#adopt(tempo);
    this.life();
    this.#pingAtMs = this.#lifeAtMs + this.#everyMs;
    this.#arm();
  }

  /** Anything came from the peer. */
  life(): void {
    this.#lifeAtMs = this.#clock.nowMs();
    this.#deadAtMs = this.#lifeAtMs + this.#limitMs;
    this.#excuses = 0;
  }

  /** Watches more or less closely from now on. */
  setTempo(tempo: LinkTempo): void {
    this.#adopt(tempo);
    this.ask();
  }

  /** Pings at once; no answer in the time an answer may take means a dead peer. */
  ask(): void {
    if (this.#timer === undefined || this.#isHeld) return;
    this.#deadAtMs = Math.min(this.#deadAtMs, this.#ping() + this.#answerMs);
    this.#arm();
  }

  /** While the socket is not read (true) nothing can be heard, so nothing is asked and nobody blamed. */
  hold(isHeld: boolean): void {
    if (this.#timer === undefined || this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) {
      this.#clock.clearTimeout(this.#timer);
      return;
    }
    this.#deadAtMs = this.#ping() + this.#answerMs;
    this.#arm();
  }

  /** Stops watching. */
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #answerMs(): number {
    return this.#limitMs - this.#everyMs;
  }

  #adopt(tempo: LinkTempo): void {
    const { pingIdleMs, pingSessionMs, pongTimeoutMs } = this.#policy;
    const intervalMs = tempo === 'idle' ? pingIdleMs : pingSessionMs;
    this.#everyMs = tempo === 'idle' ? intervalMs : intervalMs / 2;
    this.#limitMs = intervalMs + (tempo === 'idle' ? pongTimeoutMs : Math.min(pongTimeoutMs, pingSessionMs));
  }

  #ping(): number {
    const nowMs = this.#clock.nowMs();
    this.#pingAtMs = nowMs + this.#everyMs;
    this.#port.ping();
    return nowMs;
  }

  #arm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#dueAtMs = Math.min(this.#pingAtMs, this.#deadAtMs);
    this.#timer = this.#clock.setTimeout(() => this.#tick(), Math.max(0, this.#dueAtMs - this.#clock.nowMs()));
  }

  #tick(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#dueAtMs > LATE_MS && this.#excuses < EXCUSES) {
      this.#excuses += 1;
      this.#deadAtMs = Math.max(this.#deadAtMs, this.#ping() + this.#answerMs);
    } else if (nowMs >= this.#deadAtMs) {
      this.close();
      this.#port.dead(nowMs - this.#lifeAtMs);
      return;
    } else if (nowMs >= this.#pingAtMs) {
      this.#ping();
    }
    this.#arm();
  }
}
