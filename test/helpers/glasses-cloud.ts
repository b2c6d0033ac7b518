import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { samplesOf } from '../../src/pcm/format.js';
import { Watch } from './watch.js';

/** What the device said: `type` is a message's, or `audio`, `open`, `close`, `unknown`. */
export interface CloudReceived {
  type: string;
  /** On the scale of `performance.now()`. */
  atMs: number;
  /** Counts connections from 1. */
  connection: number;
  fields: Readonly<Record<string, unknown>>;
  pcm?: Buffer;
}

/** `old`: greets after `connection_init` only, and refuses a token in a frame. `new`: greets by itself, refuses the upgrade. */
export type Generation = 'old' | 'new';

/** Options of `GlassesCloud`. */
export interface GlassesCloudOptions {
  generation: Generation;
  /** The only token that is right. @default any, and none */
  token?: string;
  /** The device's messages are lost so long after the opening, while the session is made. @default 20 */
  deafMs?: number;
  /** The greeting comes so long after the first message, as where the person's apps take their time to start. @default 0 */
  slowMs?: number;
  /** How long a session outlives its connection. @default 60000 */
  resumeMs?: number;
}

const PATH = '/glasses-ws';
const LIMIT_MS = 10_000;
const RESUME_MS = 60_000;

/**
 * A cloud for glasses on the loopback, of either generation: greets, resumes sessions, and by itself does no more; apps are
 * played by the test. Its traps are those of the real one: the microphone's state comes in front of the greeting, greetings repeat,
 * what is said at the moment of opening is lost, "vad" means nothing, and an unknown path is hung up on.
 */
export class GlassesCloud {
  readonly received: CloudReceived[] = [];
  /** Sessions that were made, not counting those that were resumed. */
  sessions = 0;
  readonly #options: GlassesCloudOptions;
  readonly #watch = new Watch();
  readonly #taken = new Map<string, number>();
  readonly #sockets = new WebSocketServer({ noServer: true });
  #server: Server | undefined;
  #client: WebSocket | undefined;
  #connections = 0;
  #port = 0;
  #isMicWanted = false;
  #lostAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: GlassesCloudOptions) {
    this.#options = options;
  }

  /** The address without the path, which the device adds. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Listens: on a free port at first, on the same one after `close()`. */
  async start(): Promise<void> {
    const server = createServer();
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Goes away at once. May be called twice. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets.clients) socket.terminate();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** Cuts the connection and goes on listening. */
  cut(): void {
    this.#client?.terminate();
  }

  /** Sends one message. */
  say(type: string, fields: object = {}): void {
    this.#client?.send(JSON.stringify({ type, ...fields, timestamp: new Date().toISOString() }));
  }

  /** Turns the device's microphone on or off, as an app's subscription does. */
  wantMicrophone(isWanted: boolean): void {
    this.#isMicWanted = isWanted;
    // The empty object is the real cloud's own mistake; elsewhere it is a list.
    this.say('microphone_state_change', { isMicrophoneEnabled: isWanted, userSession: { loadingApps: {} } });
  }

  /** An app shows a layout. */
  show(layout: object, fields: object = {}): void {
    this.say('display_event', { packageName: 'org.example.captions', view: 'main', layout, ...fields });
  }

  /** Clears the view twice, as the real cloud does. */
  clear(): void {
    for (let count = 0; count < 2; count++) {
      this.show({ layoutType: 'text_wall', text: '' }, { packageName: 'dev.augmentos.dashboard', durationMs: 0 });
    }
  }

  /** Everything of one kind so far. */
  all(type: string): CloudReceived[] {
    return this.received.filter((entry) => entry.type === type);
  }

  /** The next of this kind that no earlier call has returned. */
  async next(type: string, timeoutMs = LIMIT_MS): Promise<CloudReceived> {
    const index = this.#taken.get(type) ?? 0;
    this.#taken.set(type, index + 1);
    await this.until(() => this.all(type).length > index, timeoutMs, type);
    const entry = this.all(type)[index];
    if (!entry) throw new Error(`cloud: no ${type}`);
    return entry;
  }

  /** Resolves as soon as `holds` does, asked after everything received. */
  async until(holds: () => boolean, timeoutMs = LIMIT_MS, what = 'what the test waits for'): Promise<void> {
    const trace = () => this.received.filter(({ type }) => type !== 'audio').map(({ type }) => type);
    const whole = () => `cloud: ${what}; received: ${trace().slice(-20).join(', ')}`;
    await this.#watch.for(() => holds() || undefined, timeoutMs, whole);
  }

  /** The sound after the last VAD true. */
  audio(): Int16Array {
    const start = this.received.findLastIndex(({ type, fields }) => type === 'VAD' && fields.status === true);
    const blocks = this.received.slice(start + 1).filter(({ type }) => type === 'audio');
    return samplesOf(Buffer.concat(blocks.map(({ pcm }) => pcm ?? Buffer.alloc(0))));
  }

  /** Audio messages outside of VAD true and VAD false: there must be none. */
  strayBlocks(): CloudReceived[] {
    let isVoice = false;
    return this.received.filter(({ type, fields }) => {
      if (type === 'VAD') isVoice = fields.status === true;
      if (type === 'open' || type === 'close') isVoice = false;
      return type === 'audio' && !isVoice;
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (request.url !== PATH) {
      socket.destroy();
      return;
    }
    const { token, generation } = this.#options;
    const isKnown = token === undefined || request.headers.authorization === `Bearer ${token}`;
    const refusal = JSON.stringify({ type: 'connection_error', message: 'Invalid core token' });
    if (!isKnown && generation === 'new') {
      const head = `HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: ${refusal.length}`;
      socket.end(`${head}\r\nConnection: close\r\n\r\n${refusal}`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      const connection = ++this.#connections;
      this.#record('open', connection, { authorization: request.headers.authorization });
      client.on('close', (code) => this.#lose(client, connection, code));
      // Left open without a session, as the older cloud does.
      if (!isKnown) client.send(refusal);
      else this.#meet(client, connection);
    });
  }

  #meet(client: WebSocket, connection: number): void {
    this.#client = client;
    const { generation, deafMs = 20, resumeMs = RESUME_MS } = this.#options;
    const isResumed = this.#connections > 1 && performance.now() - this.#lostAtMs < resumeMs;
    const attach = () => {
      if (!isResumed) {
        this.sessions++;
        this.#isMicWanted = false;
      }
      client.on('message', (data: Buffer, isBinary) => this.#take(data, isBinary, connection));
      if (generation === 'new') this.#greet();
    };
    const timer = setTimeout(attach, deafMs);
    client.on('close', () => clearTimeout(timer));
  }

  #greet(): void {
    this.wantMicrophone(this.#isMicWanted);
    const { slowMs = 0 } = this.#options;
    if (slowMs === 0) this.#acknowledge();
    else setTimeout(() => this.#acknowledge(), slowMs).unref();
  }

  #acknowledge(): void {
    this.say('connection_ack', { sessionId: 'user@example.com', userSession: { activeAppSessions: [] } });
  }

  #take(data: Buffer, isBinary: boolean, connection: number): void {
    if (isBinary) {
      this.#record('audio', connection, {}, data);
      return;
    }
    const fields = parse(data.toString());
    const type = typeof fields.type === 'string' ? fields.type : 'unknown';
    this.#record(type, connection, fields);
    if (type === 'connection_init') this.#greet();
    if (type === 'glasses_connection_state') this.wantMicrophone(this.#isMicWanted);
  }

  #lose(client: WebSocket, connection: number, code: number): void {
    if (this.#client === client) {
      this.#client = undefined;
      this.#lostAtMs = performance.now();
    }
    this.#record('close', connection, { code });
  }

  #record(type: string, connection: number, fields: CloudReceived['fields'], pcm?: Buffer): void {
    this.received.push({ type, atMs: performance.now(), connection, fields, ...(pcm ? { pcm } : {}) });
    this.#watch.notify();
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {}; // recorded as unknown, which no test expects
  }
}
