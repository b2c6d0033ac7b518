import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { bytesOf, samplesOf } from '../../src/pcm/format.js';
import { Watch } from './watch.js';

/** What a client did. `message` is a text message's `type`, or `audio`, `open`, `close`, `unknown`. */
export interface Received {
  message: string;
  /** On the scale of `performance.now()`. */
  atMs: number;
  /** Counts connections from 1. */
  connection: number;
  /** The bytes of `audio`. */
  pcm?: Buffer;
  /** The text of other messages; the close code of `close`; the path of `open`. */
  detail?: string;
  /** The headers of `open`. */
  headers?: Readonly<Record<string, string | string[] | undefined>>;
}

/** Where the server is in its conversation; it uses the audio of `active` only. */
export type ServerState = 'passive' | 'active' | 'speaking';

/** How new clients are met. */
export interface Welcome {
  /** Refuses the upgrade with this HTTP status. */
  status?: number;
  headers?: Readonly<Record<string, string>>;
  /** Accepts, then closes with this code. */
  closeCode?: number;
  reason?: string;
}

/** How a reply is sent. */
export interface ReplyOptions {
  /** Sound a message carries. @default 100 */
  chunkMs?: number;
  /** Times real time; Infinity sends all at once. @default 4 */
  speed?: number;
  /** False: the old generation, whose first binary message begins the reply. @default true */
  hasStartMarker?: boolean;
  /** False: the reply that never ends. @default true */
  hasEndMarker?: boolean;
  /** Makes every message an odd number of bytes long, as HTTP chunks may be. @default false */
  isOdd?: boolean;
  /** So many of the last chunks come after the end marker, which overtook them. @default 0 */
  chunksAfterEnd?: number;
  /** A pause in the middle of the reply, as a slow synthesis makes. @default 0 */
  pauseMs?: number;
}

/** When a reply went out, on the scale of `performance.now()`. */
export interface SentReply {
  firstByteAtMs: number;
  lastByteAtMs: number;
  /** True where the connection was lost before the end. */
  isCut: boolean;
}

const BUSY = { closeCode: 1013, reason: 'Server busy, another client is connected.' };
const SESSION_ENDS: readonly string[] = ['hotword_detected', 'session_end', 'close'];
const MESSAGE_LIMIT_MS = 10_000;

/**
 * A GemiTARS server for tests on the loopback: a real WebSocket server that records every message and does what a
 * test tells it. By itself it only follows the protocol's states and refuses a second client.
 */
export class GemitarsServer {
  /** Everything that clients did, in order. */
  readonly received: Received[] = [];
  /** How the next clients are met; empty: as usual. */
  welcome: Welcome = {};
  #state: ServerState = 'passive';
  #server: WebSocketServer | undefined;
  #client: WebSocket | undefined;
  #connections = 0;
  #port = 0;
  readonly #watch = new Watch();
  readonly #taken = new Map<string, number>();

  /** The address for `server.url`; the same one after a restart. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get state(): ServerState {
    return this.#state;
  }

  get isConnected(): boolean {
    return this.#client !== undefined;
  }

  /** Listens: on a free port at first, on the same one after `stop()` or `crash()`. */
  async start(): Promise<void> {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: this.#port,
      maxPayload: 2 ** 20,
      perMessageDeflate: false,
      verifyClient: (_info, verdict) => {
        const { status, headers } = this.welcome;
        if (status === undefined) verdict(true);
        else verdict(false, status, 'refused by the test', headers);
      },
    });
    server.on('connection', (socket, request) => {
      const connection = ++this.#connections;
      this.#record({ message: 'open', connection, detail: request.url ?? '', headers: request.headers });
      this.#meet(socket, connection);
    });
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Goes away politely: closes with 1001, as a server that is being restarted. May be called twice. */
  async stop(): Promise<void> {
    for (const socket of this.#server?.clients ?? []) socket.close(1001, 'Server is shutting down.');
    await this.#closeServer(500);
  }

  /** Goes away as a killed process does: its sockets are torn down and its port is closed. */
  async crash(): Promise<void> {
    await this.#closeServer(0);
  }

  /** Tears the connection down and goes on listening. */
  terminate(): void {
    this.#client?.terminate();
  }

  /** Resolves when the client has read everything that was sent so far, or is gone. */
  async heard(): Promise<void> {
    const client = this.#client;
    if (!client || client.readyState === client.CLOSED) return;
    const gone = new AbortController();
    const onClose = () => gone.abort();
    client.once('close', onClose);
    if (client.readyState === client.OPEN) client.ping();
    await once(client, 'pong', { signal: gone.signal }).catch(() => undefined);
    client.off('close', onClose);
  }

  /** Closes the connection with a code, as a server that has had enough; goes on listening. */
  close(code: number, reason: string): void {
    this.#client?.close(code, reason);
  }

  /** Neither reads nor answers any more, pings included, as behind a dead network; the connection stays open. */
  freeze(): void {
    this.#client?.pause();
  }

  /** Ends `freeze()`. */
  thaw(): void {
    this.#client?.resume();
  }

  /** Sends one JSON message of this type. */
  async say(type: string, fields: Readonly<Record<string, unknown>> = {}): Promise<boolean> {
    return this.send(JSON.stringify({ type, ...fields }));
  }

  /** Sends a message as it is, valid or not. False where there is no client or the connection is lost meanwhile. */
  send(message: string | Uint8Array): Promise<boolean> {
    const client = this.#client;
    if (!client || client.readyState !== client.OPEN) return Promise.resolve(false);
    return new Promise((resolve) => client.send(message, (error) => resolve(!error)));
  }

  /** Ends the conversation; the connection stays. */
  async endSession(): Promise<void> {
    this.#state = 'passive';
    await this.say('session_end');
  }

  /** Sends a reply of 16 kHz samples; resolves when its last byte is out. */
  async reply(samples: Int16Array, options: ReplyOptions = {}): Promise<SentReply> {
    const { chunkMs = 100, speed = 4, hasStartMarker = true, hasEndMarker = true, pauseMs = 0 } = options;
    const chunks = cut(bytesOf(samples), chunkMs * 32 + (options.isOdd ? 1 : 0));
    const beforeEnd = chunks.length - (options.chunksAfterEnd ?? 0);
    this.#state = 'speaking';
    if (hasStartMarker) await this.say('start_of_tts_stream');
    const firstByteAtMs = performance.now();
    let isCut = false;
    let lateMs = 0;
    for (const [index, chunk] of chunks.entries()) {
      if (hasEndMarker && index === beforeEnd) await this.say('tts_stream_end');
      if (index === chunks.length >> 1) lateMs = pauseMs;
      await this.#sleepUntil(firstByteAtMs + lateMs + (index * chunkMs) / speed);
      isCut ||= !(await this.send(chunk));
    }
    const lastByteAtMs = performance.now();
    if (hasEndMarker && beforeEnd >= chunks.length) await this.say('tts_stream_end');
    return { firstByteAtMs, lastByteAtMs, isCut };
  }

  /** Forgets everything received: `next` begins anew. */
  forget(): void {
    this.received.length = 0;
    this.#taken.clear();
  }

  /** Everything of one kind so far. */
  all(message: string): Received[] {
    return this.received.filter((entry) => entry.message === message);
  }

  /**
   * The next message of this kind that no earlier call has returned; waits for it if need be. Rejects after
   * `timeoutMs` with what was received instead.
   */
  async next(message: string, timeoutMs = MESSAGE_LIMIT_MS): Promise<Received> {
    const index = this.#taken.get(message) ?? 0;
    this.#taken.set(message, index + 1);
    await this.until(() => this.all(message).length > index, timeoutMs, message);
    const entry = this.all(message)[index];
    if (!entry) throw new Error(`GemiTARS server: no ${message}`);
    return entry;
  }

  /** Resolves as soon as `holds` does, asked after everything received. */
  async until(holds: () => boolean, timeoutMs = MESSAGE_LIMIT_MS, what = 'what the test waits for'): Promise<void> {
    const trace = () => this.received.filter((entry) => entry.message !== 'audio').map((entry) => entry.message);
    const whole = () => `GemiTARS server: ${what}; received: ${trace().slice(-20).join(', ')}`;
    await this.#watch.for(() => holds() || undefined, timeoutMs, whole);
  }

  /**
   * The microphone's sound of a conversation, from its hotword to its end (or the next hotword, or the loss of the
   * connection). @param session from 0; negative counts from the last. @default -1
   */
  audio(session = -1): Int16Array {
    return samplesOf(Buffer.concat(this.blocks(session).map(({ pcm }) => pcm ?? Buffer.alloc(0))));
  }

  /** The audio messages of a conversation; see `audio`. */
  blocks(session = -1): Received[] {
    const hotwords = this.received.flatMap(({ message }, index) => (message === 'hotword_detected' ? [index] : []));
    const start = hotwords.at(session);
    if (start === undefined) return [];
    const entries = this.received
      .slice(start + 1)
      .filter(({ connection }) => connection === this.received[start]?.connection);
    const end = entries.findIndex(({ message }) => SESSION_ENDS.includes(message));
    return entries.slice(0, end < 0 ? undefined : end).filter(({ message }) => message === 'audio');
  }

  /** Audio messages outside of every conversation: there must be none. */
  strayBlocks(): Received[] {
    let onConnection: number | undefined;
    return this.received.filter(({ message, connection }) => {
      if (message === 'hotword_detected') onConnection = connection;
      else if (SESSION_ENDS.includes(message) && connection === onConnection) onConnection = undefined;
      return message === 'audio' && connection !== onConnection;
    });
  }

  #meet(socket: WebSocket, connection: number): void {
    const { closeCode, reason } = this.#client ? BUSY : this.welcome;
    const isRefused = closeCode !== undefined;
    if (isRefused) socket.close(closeCode, reason);
    else this.#client = socket;
    // A broken connection is a close as well.
    socket.on('error', () => {});
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isRefused) this.#take(data, isBinary, connection);
    });
    socket.on('close', (code) => {
      if (this.#client === socket) {
        this.#client = undefined;
        this.#state = 'passive';
      }
      this.#record({ message: 'close', connection, detail: `${code}` });
    });
  }

  #take(data: Buffer, isBinary: boolean, connection: number): void {
    if (isBinary) {
      this.#record({ message: 'audio', connection, pcm: data });
      return;
    }
    const detail = data.toString();
    const message = typeOf(detail);
    if (message === 'hotword_detected' && this.#state === 'passive') this.#state = 'active';
    if (message === 'playback_complete' && this.#state === 'speaking') this.#state = 'active';
    if (message === 'session_end') this.#state = 'passive';
    this.#record({ message, connection, detail });
  }

  #record(entry: Omit<Received, 'atMs'>): void {
    this.received.push({ ...entry, atMs: performance.now() });
    this.#watch.notify();
  }

  async #closeServer(graceMs: number): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const terminate = () => {
      for (const socket of server.clients) socket.terminate();
    };
    const timer = setTimeout(terminate, graceMs);
    if (graceMs === 0) terminate();
    await new Promise((resolve) => server.close(resolve));
    clearTimeout(timer);
    await this.until(() => this.#client === undefined, 1000, 'the end of the connection');
  }

  /** Never resolves early, as a timer may, whose clock counts whole milliseconds. */
  async #sleepUntil(dueMs: number): Promise<void> {
    for (let delayMs = dueMs - performance.now(); delayMs > 0; delayMs = dueMs - performance.now())
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(delayMs)));
  }
}

/** A server for one test, which listens; it goes away with the test. */
export async function serving(test: TestContext): Promise<GemitarsServer> {
  const server = new GemitarsServer();
  test.after(() => server.stop());
  await server.start();
  return server;
}

function typeOf(text: string): string {
  try {
    const { type } = JSON.parse(text) as { type?: unknown };
    return typeof type === 'string' ? type : 'unknown';
  } catch {
    return 'unknown';
  }
}

function cut(bytes: Buffer, length: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += length) chunks.push(bytes.subarray(at, at + length));
  return chunks;
}
