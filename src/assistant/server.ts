import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Timer } from '../clock.js';
import { ConnectionError } from '../errors.js';
import { listenRefusal } from '../listen-refusal.js';
import type { Log } from '../log.js';
import type { WireMessage } from '../protocol/protocol.js';
import { Conversation } from './conversation.js';

/** Options of `AssistantServer`. */
export interface AssistantServerOptions {
  /** @default "127.0.0.1" */
  host?: string;
  /** 0 takes a free one. @default 0 */
  port?: number;
  /** How long nobody must speak for an utterance to be over. */
  endOfSpeechMs: number;
  /** How long nobody may speak before the session is ended. */
  silenceLimitMs: number;
  clock: Clock;
  log: Log;
}

const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** How long a device may take to answer a goodbye. */
const GOODBYE_MS = 500;
/** As the seed system's server does: a ping every 20 s, and 20 s for the answer. */
const PING_MS = 20_000;
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

/** The embedded assistant: serves GemiTARS to one device at a time and plays back what it hears. */
export class AssistantServer {
  readonly #options: AssistantServerOptions;
  readonly #http: Server;
  readonly #sockets = new Set<Socket>();
  #wss: WebSocketServer | undefined;
  #device: WebSocket | undefined;
  #starting: Promise<{ url: string }> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: AssistantServerOptions) {
    this.#options = options;
    this.#http = createServer((_request, response) => {
      response.writeHead(426, { connection: 'close' }).end('this is a WebSocket server\n');
    });
  }

  /** Begins to listen; resolves with where. Throws ConnectionError when it cannot listen there. To be called once. */
  start(): Promise<{ url: string }> {
    this.#starting = this.#listen();
    return this.#starting;
  }

  /** Says goodbye to the device and closes everything, within 1 s. May be called twice, and during `start`. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #listen(): Promise<{ url: string }> {
    const { host = '127.0.0.1', port = 0, log } = this.#options;
    this.#http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    try {
      this.#http.listen(port, host);
      await once(this.#http, 'listening');
    } catch (error) {
      throw new ConnectionError(`the assistant cannot listen on ${host}:${port}: ${listenRefusal(error)}`, {
        cause: error,
      });
    }
    this.#http.on('error', (error) => log.error({ why: error.message }, 'the listening socket failed'));
    this.#wss = new WebSocketServer({
      server: this.#http,
      maxPayload: MAX_PAYLOAD_BYTES,
      perMessageDeflate: false,
      // A web page may not talk with the assistant: only browsers send an origin.
      verifyClient: ({ origin }, decide) => decide(!origin, 403, 'not for web pages'),
    });
    this.#wss.on('connection', (ws) => this.#welcome(ws));
    const url = urlOf(host, (this.#http.address() as AddressInfo).port);
    log.debug({ url }, 'the assistant listens');
    return { url };
  }

  async #close(): Promise<void> {
    const { clock } = this.#options;
    await this.#starting?.catch(() => undefined); // whoever called `start` is told
    if (!this.#http.listening) return;
    const closed = once(this.#http, 'close');
    for (const ws of this.#wss?.clients ?? []) ws.close(GOING_AWAY, 'Server is shutting down.');
    this.#wss?.close();
    this.#http.close();
    const timer = clock.setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, GOODBYE_MS);
    await closed;
    clock.clearTimeout(timer);
  }

  #welcome(ws: WebSocket): void {
    const { log } = this.#options;
    ws.on('error', (error) => log.debug({ why: error.message }, 'the connection of a device failed'));
    if (this.#device) {
      ws.close(TRY_AGAIN_LATER, 'Server busy, another client is connected.');
      return;
    }
    this.#device = ws;
    const conversation = new Conversation({ ...this.#options, send: (message) => sendTo(ws, message) });
    ws.on('message', (data: RawData, isBinary) => {
      if (isBinary) conversation.audio(bytesOfMessage(data));
      else conversation.text(bytesOfMessage(data).toString());
    });
    const stopPings = keepPinging(ws, this.#options.clock);
    ws.on('close', (code) => {
      stopPings();
      conversation.close();
      this.#device = undefined;
      log.debug({ code, ignored: conversation.ignoredMessages }, 'the device has gone');
    });
  }
}

/** Ends the connection when a ping has no answer by the next one. */
function keepPinging(ws: WebSocket, clock: Clock): () => void {
  let isAlive = true;
  let timer: Timer | undefined;
  const ping = () => {
    if (!isAlive) return ws.terminate();
    isAlive = false;
    ws.ping();
    timer = clock.setTimeout(ping, PING_MS);
  };
  timer = clock.setTimeout(ping, PING_MS);
  for (const sign of ['ping', 'pong', 'message'] as const) {
    ws.on(sign, () => {
      isAlive = true;
    });
  }
  return () => clock.clearTimeout(timer as Timer);
}

function sendTo(ws: WebSocket, message: WireMessage): Promise<void> {
  return new Promise((resolve) => ws.send(message, () => resolve()));
}

function bytesOfMessage(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function urlOf(host: string, port: number): string {
  return `ws://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
