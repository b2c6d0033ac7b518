import type { LookupFunction, Socket as NetSocket } from 'node:net';
import { isIP } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import type { Clock } from '../clock.js';
import type { DialTarget, WireMessage } from '../protocol/protocol.js';
import { wordsOfRefusal } from './refusal.js';
import { retryAfterMs } from './retry-after.js';
import { hostOf, isPrivateAddress, plaintextRefused, privateLookup } from './security.js';
import type { OpenSocket, Socket, SocketEvents } from './socket.js';

/** The largest message taken from a server whose protocol does not say otherwise. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** How long the peer may take to end the TCP connection after a closing handshake. */
const CLOSE_TIMEOUT_MS = 2_000;
const GOING_AWAY = 1001;
/** A control frame of a server is never longer (RFC 6455, 5.5: 125 bytes behind a header of two). */
const CONTROL_FRAME_BYTES = 127;

/** Settings of `wsOpener`. */
export interface WsOptions {
  /** Travels in the Authorization header. */
  token?: string | undefined;
  /** Certificates (PEM) to trust instead of the system's. */
  ca?: string | Buffer | undefined;
  /** Lets the token go over plain ws to any host. */
  allowPlaintext: boolean;
  /** @default dns.lookup, asked afresh at every dial */
  lookup?: LookupFunction | undefined;
  clock: Clock;
}

/** Makes what opens WebSockets by `ws`: verification always on, no redirects, no compression, messages of at most 1 MiB unless the protocol says otherwise. */
export function wsOpener(options: WsOptions): OpenSocket {
  return (target, events) => {
    const socket = new WsSocket(events, options.clock);
    // Deferred, so that nothing that goes wrong at once is told from inside this call.
    queueMicrotask(() => socket.dial(target, options));
    return socket;
  };
}

class WsSocket implements Socket {
  readonly gone: Promise<void>;
  readonly #events: SocketEvents;
  readonly #clock: Clock;
  #ws: WebSocket | undefined;
  #hasEnded = false;
  #setGone: () => void = () => undefined;

  constructor(events: SocketEvents, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
    this.gone = new Promise((resolve) => {
      this.#setGone = resolve;
    });
  }

  dial(target: DialTarget, options: WsOptions): void {
    if (this.#hasEnded) return;
    try {
      this.#attach(new WebSocket(target.url, target.subprotocols, clientOptions(target, options)));
    } catch (error) {
      this.#setGone();
      this.#lost(() => this.#events.lost({ kind: 'failed', error }));
    }
  }

  get bufferedBytes(): number {
    return this.#ws?.bufferedAmount ?? 0;
  }

  send(message: WireMessage): boolean {
    if (this.#ws?.readyState !== WebSocket.OPEN) return false;
    this.#ws.send(message);
    return true;
  }

  ping(): void {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.ping();
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#ws?.pause();
    else this.#ws?.resume();
  }

  goodbye(): void {
    this.#hasEnded = true;
    this.#ws?.resume();
    this.#ws?.close(GOING_AWAY);
  }

  terminate(): void {
    this.#hasEnded = true;
    if (this.#ws === undefined) this.#setGone();
    else this.#ws.terminate();
  }

  #lost(tell: () => void): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    tell();
  }

  #attach(ws: WebSocket): void {
    this.#ws = ws;
    let raw: NetSocket | undefined;
    ws.on('upgrade', (response) => {
      raw = response.socket;
    });
    const alive = () => !this.#hasEnded && this.#events.alive();
    ws.on('open', () => {
      // A big message on a slow network is life long before it is whole. Pongs are life only where they are understood as such: behind
      // a frame that was begun and left they would be taken for its rest, and nobody would hear what the server says.
      raw?.on('data', (bytes: Buffer) => bytes.length > CONTROL_FRAME_BYTES && alive());
      if (!this.#hasEnded) this.#events.opened();
    });
    ws.on('ping', alive);
    ws.on('pong', alive);
    ws.on('message', (data, isBinary) => {
      alive();
      if (!this.#hasEnded) this.#events.message(isBinary ? bytesOf(data) : String(data));
    });
    ws.on('unexpected-response', (_request, response) => {
      void wordsOfRefusal(response, this.#clock).then((said) => {
        this.#lost(() =>
          this.#events.lost({
            kind: 'refused',
            status: response.statusCode ?? 0,
            retryAfterMs: retryAfterMs(response.headers, Date.now()),
            location: response.headers.location,
            said,
          }),
        );
        ws.terminate();
      });
    });
    ws.on('error', (error) => {
      this.#lost(() => this.#events.lost({ kind: 'failed', error }));
      ws.terminate();
    });
    ws.on('close', (code, reason) => {
      this.#setGone();
      this.#lost(() => this.#events.lost({ kind: 'closed', code, reason: reason.toString() }));
    });
  }
}

function bytesOf(data: WebSocket.RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function clientOptions(target: DialTarget, options: WsOptions): ClientOptions & { closeTimeout: number } {
  const { token, ca, allowPlaintext, lookup } = options;
  const isGuarded = token !== undefined && !allowPlaintext && target.url.protocol !== 'wss:';
  const host = hostOf(target.url);
  if (isGuarded && isIP(host) !== 0 && !isPrivateAddress(host)) throw plaintextRefused(host, host);
  const resolve = isGuarded ? privateLookup(lookup) : lookup;
  return {
    headers: { ...target.headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
    maxPayload: target.maxMessageBytes ?? MAX_PAYLOAD_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
    perMessageDeflate: false,
    followRedirects: false,
    // Said aloud, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would switch the verification off otherwise.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    ...(resolve === undefined ? {} : { lookup: resolve }),
  };
}
