import { pino } from 'pino';
import { type Clock, systemClock } from '../../src/clock.js';
import type { Link, LinkListener } from '../../src/link/link.js';
import type { Loss, OpenSocket, Socket, SocketEvents } from '../../src/link/socket.js';
import { type LinkPolicy, WsLink, type WsLinkOptions } from '../../src/link/ws-link.js';
import type { DialTarget, WireMessage } from '../../src/protocol/protocol.js';

/** The defaults of the configuration. */
export const DEFAULTS: Required<LinkPolicy> = {
  retryFirstMs: 500,
  retryBaseMs: 1_000,
  retryMaxMs: 15_000,
  retrySlowMs: 60_000,
  stableMs: 10_000,
  pingIdleMs: 5_000,
  pingSessionMs: 2_000,
  pongTimeoutMs: 4_000,
  handshakeTimeoutMs: 10_000,
  maxBufferedBytes: 64_000,
};

/** The same proportions in tests that run in real time. */
export const QUICK: Required<LinkPolicy> = {
  retryFirstMs: 10,
  retryBaseMs: 10,
  retryMaxMs: 60,
  retrySlowMs: 200,
  stableMs: 100,
  pingIdleMs: 500,
  pingSessionMs: 200,
  pongTimeoutMs: 400,
  // Long enough for a machine that does much else: only a server that never answers may meet it.
  handshakeTimeoutMs: 2_000,
  maxBufferedBytes: 64_000,
};

export type Told =
  | ({ type: 'up' } & Parameters<LinkListener['up']>[0])
  | ({ type: 'down' } & Parameters<LinkListener['down']>[0])
  | { type: 'message'; message: WireMessage };

/** Remembers what a link tells, and lets a test wait for the next thing that fits. */
export class Listener implements LinkListener {
  readonly told: Told[] = [];
  #read = 0;
  #waiting: (() => void) | undefined;

  up(info: Parameters<LinkListener['up']>[0]): void {
    this.#take({ type: 'up', ...info });
  }

  down(info: Parameters<LinkListener['down']>[0]): void {
    this.#take({ type: 'down', ...info });
  }

  message(message: WireMessage): void {
    this.#take({ type: 'message', message });
  }

  /** The next `type` that was not returned yet; what comes before it is passed over. */
  async next<T extends Told['type']>(type: T, withinMs = 5_000): Promise<Extract<Told, { type: T }>> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      while (this.#read < this.told.length) {
        const entry = this.told[this.#read++];
        if (entry?.type === type) return entry as Extract<Told, { type: T }>;
      }
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw new Error(`no '${type}' within ${withinMs} ms; told: ${JSON.stringify(this.told)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #take(entry: Told): void {
    this.told.push(entry);
    this.#waiting?.();
  }
}

/** Lines that a log wrote, for looking into. */
export function captureLog() {
  const lines: string[] = [];
  return { lines, log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }) };
}

/** A clock that moves when told to. */
export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Map<number, { atMs: number; callback: () => void }>();
  #id = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    this.#id += 1;
    this.#timers.set(this.#id, { atMs: this.#nowMs + delayMs, callback });
    return this.#id;
  }

  clearTimeout(timer: object | number): void {
    this.#timers.delete(timer as number);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on, running each timer at its time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#next(untilMs);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Moves on between two statements, as for a process that stands still: no timer runs. */
  stand(ms: number): void {
    this.#nowMs += ms;
  }

  /** Moves on as an event loop that was blocked: the timers that became due run late, all at the end. */
  block(ms: number): void {
    this.stand(ms);
    this.advance(0);
  }

  /** The time of the next timer. */
  get nextAtMs(): number | undefined {
    return this.#earliest()?.[1].atMs;
  }

  #earliest() {
    let best: [number, { atMs: number; callback: () => void }] | undefined;
    for (const entry of this.#timers) if (best === undefined || entry[1].atMs < best[1].atMs) best = entry;
    return best;
  }

  #next(untilMs: number): { atMs: number; run: () => void } | undefined {
    const entry = this.#earliest();
    if (entry === undefined || entry[1].atMs > untilMs) return undefined;
    const [id, timer] = entry;
    return {
      atMs: timer.atMs,
      run: () => {
        this.#timers.delete(id);
        timer.callback();
      },
    };
  }
}

/** A socket that a test plays the network for. */
export class FakeSocket implements Socket {
  bufferedBytes = 0;
  readonly gone = Promise.resolve();
  readonly sent: WireMessage[] = [];
  pings = 0;
  isHeld = false;
  isTerminated = false;
  hasSaidGoodbye = false;
  readonly target: DialTarget;
  readonly events: SocketEvents;

  constructor(target: DialTarget, events: SocketEvents) {
    this.target = target;
    this.events = events;
  }

  send(message: WireMessage): boolean {
    this.sent.push(message);
    return true;
  }

  ping(): void {
    this.pings += 1;
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  goodbye(): void {
    this.hasSaidGoodbye = true;
  }

  terminate(): void {
    this.isTerminated = true;
  }

  lose(loss: Loss): void {
    this.events.lost(loss);
  }
}

/** A link over fake sockets and a fake clock. */
export function fakeLink(options: Partial<WsLinkOptions> = {}) {
  const clock = new FakeClock();
  const sockets: FakeSocket[] = [];
  const dialledAtMs: number[] = [];
  const openSocket: OpenSocket = (target, events) => {
    const socket = new FakeSocket(target, events);
    sockets.push(socket);
    dialledAtMs.push(clock.nowMs());
    return socket;
  };
  const listener = new Listener();
  const link = linkTo('ws://127.0.0.1:1/', { clock, openSocket, policy: DEFAULTS, random: () => 0.5, ...options });
  const last = (): FakeSocket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('nothing was dialled');
    return socket;
  };
  return { clock, sockets, dialledAtMs, listener, link, last };
}

/** A link to an address; real sockets and real time with quick numbers, unless said otherwise. */
export function linkTo(url: string, options: Partial<WsLinkOptions> = {}): WsLink {
  return new WsLink({
    target: () => ({ url: new URL(url), headers: {}, subprotocols: [] }),
    allowPlaintext: false,
    policy: QUICK,
    clock: systemClock,
    random: Math.random,
    log: pino({ level: 'silent' }),
    ...options,
  });
}

/** Starts a link for the time of `body`. */
export async function withLink(link: Link, body: (listener: Listener) => Promise<void>): Promise<void> {
  const listener = new Listener();
  link.start(listener);
  try {
    await body(listener);
  } finally {
    await link.close();
  }
}

/** A process that stands still in front of its looks at the clock: `stopMs` says how long before the nth one, from 1. */
export class StallingClock extends FakeClock {
  #looks = 0;
  readonly #stopMs: (n: number) => number;

  constructor(stopMs: (n: number) => number) {
    super();
    this.#stopMs = stopMs;
  }

  override nowMs(): number {
    this.#looks += 1;
    this.stand(this.#stopMs(this.#looks));
    return super.nowMs();
  }
}
