import type { LookupFunction } from 'node:net';
import type { Clock, Timer } from '../clock.js';
import type { Log } from '../log.js';
import type { DialTarget, WireMessage } from '../protocol/protocol.js';
import { Backoff } from './backoff.js';
import { classify } from './failure.js';
import { Heartbeat } from './heartbeat.js';
import type { Link, LinkListener, LinkTempo } from './link.js';
import { displayUrl, maskToken } from './security.js';
import type { Loss, OpenSocket, Socket } from './socket.js';
import { wsOpener } from './ws-socket.js';

/** The durations and bounds of a link. */
export interface LinkPolicy {
  /** @default 500 milliseconds */
  retryFirstMs: number;
  /** @default 1000 milliseconds */
  retryBaseMs: number;
  /** @default 15000 milliseconds */
  retryMaxMs: number;
  /** Between two dials when only a person can mend what is wrong. @default 60000 milliseconds */
  retrySlowMs?: number;
  /** A connection that lasts this long begins the schedule anew. @default 10000 milliseconds */
  stableMs: number;
  /** @default 5000 milliseconds */
  pingIdleMs: number;
  /** @default 2000 milliseconds */
  pingSessionMs: number;
  /** @default 4000 milliseconds */
  pongTimeoutMs: number;
  /** From the look-up of the name to the open WebSocket. @default 10000 milliseconds */
  handshakeTimeoutMs?: number;
  /** What may wait to be sent: 2 s of microphone audio. More for a second, or four times as much, is a stalled link. @default 64000 bytes */
  maxBufferedBytes: number;
}

/** Settings of `WsLink`. */
export interface WsLinkOptions {
  /** Asked at every dial. */
  target: () => DialTarget;
  /** Travels in the Authorization header, and over plain ws only to loopback and private addresses. */
  token?: string | undefined;
  /** Certificates (PEM) to trust instead of the system's. */
  ca?: string | Buffer | undefined;
  /** Lets the token go over plain ws to any host. */
  allowPlaintext: boolean;
  policy: LinkPolicy;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Log;
  /** How names are resolved. @default dns.lookup */
  lookup?: LookupFunction;
  /** How connections are made; a simulation may bring its own. @default WebSockets by `ws` */
  openSocket?: OpenSocket;
}

type State =
  | { name: 'new' | 'closed' }
  | { name: 'waiting'; timer: Timer }
  | { name: 'dialling'; socket: Socket; sinceMs: number; timer: Timer }
  | { name: 'up'; target: DialTarget; socket: Socket; sinceMs: number; heartbeat: Heartbeat };

/** A dial younger than this is left alone by `hurry()`; an older one may hang on a lost SYN and is begun anew. */
const FRESH_DIAL_MS = 1_000;
/** The least time between two dials, however often `hurry()` is called. */
const DIAL_SPACING_MS = 250;
/** How long too much may wait to be sent: a pre-roll and what was said while dialling go out in one burst. */
const BURST_MS = 1_000;
/** Above this many times `maxBufferedBytes` no burst is excused. */
const BURST_FACTOR = 4;
/** How long the peer may take to answer our goodbye. */
const GOODBYE_MS = 900;

/** The persistent WebSocket: one loop that dials, watches, and dials again, until `close()`. */
export class WsLink implements Link {
  readonly #options: WsLinkOptions;
  readonly #backoff: Backoff;
  readonly #openSocket: OpenSocket;
  #listener: LinkListener | undefined;
  #state: State = { name: 'new' };
  #tempo: LinkTempo = 'idle';
  #attempt = 0;
  #failures = 0;
  #dialledAtMs = Number.NEGATIVE_INFINITY;
  #fullSinceMs: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: WsLinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ retrySlowMs: 60_000, ...options.policy, random: options.random });
    this.#openSocket = options.openSocket ?? wsOpener(options);
  }

  get isUp(): boolean {
    return this.#state.name === 'up';
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    if (this.#state.name === 'new') this.#dialIn(0);
    else queueMicrotask(() => this.#introduce(listener));
  }

  #introduce(listener: LinkListener): void {
    if (this.#state.name !== 'up' || this.#listener !== listener) return;
    const { target } = this.#state;
    this.#tell(() => listener.up({ url: this.#shown(target), attempt: this.#attempt }));
  }

  send(message: WireMessage): boolean {
    if (this.#state.name !== 'up') return false;
    const { socket } = this.#state;
    if (this.#isStalled(socket)) {
      queueMicrotask(() => this.#lose(socket, { kind: 'stalled', bufferedBytes: socket.bufferedBytes }));
      return false;
    }
    return socket.send(message);
  }

  hurry(): void {
    const state = this.#state;
    if (state.name === 'up') {
      state.heartbeat.ask();
      return;
    }
    if (state.name !== 'waiting' && state.name !== 'dialling') return;
    this.#backoff.restart();
    const { clock } = this.#options;
    if (state.name === 'dialling') {
      if (clock.nowMs() - state.sinceMs < FRESH_DIAL_MS) return;
      state.socket.terminate();
    }
    clock.clearTimeout(state.timer);
    this.#dialIn(Math.max(0, this.#dialledAtMs + DIAL_SPACING_MS - clock.nowMs()));
  }

  drop(loss: Extract<Loss, { kind: 'rejected' | 'timeout' }>): void {
    if (this.#state.name !== 'up') return;
    const { socket } = this.#state;
    queueMicrotask(() => this.#lose(socket, loss));
  }

  setTempo(tempo: LinkTempo): void {
    if (tempo === this.#tempo) return;
    this.#tempo = tempo;
    if (this.#state.name === 'up') this.#state.heartbeat.setTempo(tempo);
  }

  holdReading(hold: boolean): void {
    if (this.#state.name !== 'up') return;
    this.#state.socket.hold(hold);
    this.#state.heartbeat.hold(hold);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const state = this.#state;
    const { clock } = this.#options;
    this.#state = { name: 'closed' };
    if (state.name === 'waiting' || state.name === 'dialling') clock.clearTimeout(state.timer);
    if (state.name === 'dialling') {
      state.socket.terminate();
      await state.socket.gone;
    }
    if (state.name === 'up') {
      state.heartbeat.close();
      state.socket.goodbye();
      const timer = clock.setTimeout(() => state.socket.terminate(), GOODBYE_MS);
      await state.socket.gone;
      clock.clearTimeout(timer);
    }
  }

  #dialIn(delayMs: number): void {
    this.#state = { name: 'waiting', timer: this.#options.clock.setTimeout(() => this.#dial(), delayMs) };
  }

  #dial(): void {
    const { clock, log, policy } = this.#options;
    const target = this.#options.target();
    const sinceMs = clock.nowMs();
    const handshakeTimeoutMs = policy.handshakeTimeoutMs ?? 10_000;
    this.#attempt += 1;
    this.#dialledAtMs = sinceMs;
    const socket = this.#openSocket(target, {
      opened: () => this.#rise(socket, target),
      alive: () => this.#isCurrent(socket) && this.#state.name === 'up' && this.#state.heartbeat.life(),
      message: (message) => this.#isCurrent(socket) && this.#tell((listener) => listener.message(message)),
      lost: (loss) => this.#lose(socket, loss),
    });
    const timer = clock.setTimeout(
      () => this.#lose(socket, { kind: 'timeout', afterMs: handshakeTimeoutMs }),
      handshakeTimeoutMs,
    );
    this.#state = { name: 'dialling', socket, sinceMs, timer };
    log.debug({ url: this.#shown(target), attempt: this.#attempt }, 'dialling');
  }

  #rise(socket: Socket, target: DialTarget): void {
    if (this.#state.name !== 'dialling' || this.#state.socket !== socket) return;
    const { clock, policy } = this.#options;
    clock.clearTimeout(this.#state.timer);
    const heartbeat = new Heartbeat({
      clock,
      policy,
      port: {
        ping: () => socket.ping(),
        dead: (silentMs) => this.#lose(socket, { kind: 'silent', silentMs }),
      },
    });
    this.#state = { name: 'up', target, socket, sinceMs: clock.nowMs(), heartbeat };
    this.#fullSinceMs = undefined;
    heartbeat.start(this.#tempo);
    this.#tell((listener) => listener.up({ url: this.#shown(target), attempt: this.#attempt }));
  }

  #lose(socket: Socket, loss: Loss): void {
    const state = this.#state;
    if ((state.name !== 'up' && state.name !== 'dialling') || state.socket !== socket) return;
    const { clock, policy, token } = this.#options;
    const aliveMs = clock.nowMs() - state.sinceMs;
    const wasUp = state.name === 'up';
    if (wasUp) state.heartbeat.close();
    else clock.clearTimeout(state.timer);
    socket.terminate();
    if (wasUp && aliveMs >= policy.stableMs) {
      this.#backoff.restart();
      this.#attempt = 0;
      this.#failures = 0;
    } else {
      this.#failures += 1;
    }
    const { code, lane, atLeastMs, reason } = classify(loss);
    const waitMs = this.#backoff.next(lane, atLeastMs);
    // The schedule counts from dial to dial, or the time of a dial into a black hole would come on top of the ceiling.
    const isFixed = wasUp || lane === 'slow' || atLeastMs !== undefined;
    const retryInMs = isFixed ? waitMs : Math.max(0, waitMs - aliveMs);
    this.#dialIn(retryInMs);
    const info = { code, reason: maskToken(reason, token), retryInMs: Math.round(retryInMs) };
    this.#tell((listener) => listener.down({ ...info, failures: this.#failures, wasUp }));
  }

  #isCurrent(socket: Socket): boolean {
    return (this.#state.name === 'up' || this.#state.name === 'dialling') && this.#state.socket === socket;
  }

  #isStalled(socket: Socket): boolean {
    const { clock, policy } = this.#options;
    const waiting = socket.bufferedBytes;
    if (waiting <= policy.maxBufferedBytes) {
      this.#fullSinceMs = undefined;
      return false;
    }
    this.#fullSinceMs ??= clock.nowMs();
    return waiting > policy.maxBufferedBytes * BURST_FACTOR || clock.nowMs() - this.#fullSinceMs >= BURST_MS;
  }

  #tell(what: (listener: LinkListener) => void): void {
    if (this.#listener === undefined || this.#state.name === 'closed') return;
    try {
      what(this.#listener);
    } catch (error) {
      this.#options.log.error({ err: error }, 'a listener of the link failed');
    }
  }

  #shown(target: DialTarget): string {
    return maskToken(displayUrl(target.url), this.#options.token);
  }
}
