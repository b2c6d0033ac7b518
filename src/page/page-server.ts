import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf, PageError } from '../errors.js';
import { listenRefusal } from '../listen-refusal.js';
import type { Log } from '../log.js';
import type { Access } from './access.js';
import { type Answer, formOf, send, words } from './responses.js';

/** What a page server serves. */
interface PageContent {
  /** For whoever is let in: the answer for this path; undefined where there is nothing. */
  answer: (path: string) => Answer | undefined;
  /** For everybody who reaches the port. */
  publicAnswer: (path: string) => Answer | undefined;
  /** Asks for the token; after a wrong one it says so. */
  question: (wasWrong: boolean) => Answer;
  /** Takes a WebSocket's handshake that may go on. */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Options of `PageServer`. */
export interface PageServerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  access: Access;
  content: PageContent;
  log: Log;
}

const CONNECTIONS_MAX = 64;
const HEADERS_LIMIT_MS = 10_000;
const FORBIDDEN = 'this is not the page that may ask';

/** The one port of the status page: HTTP for what is shown, and WebSockets. Decides who is let in, by `Access`. */
export class PageServer {
  readonly #options: PageServerOptions;
  readonly #http: Server;
  readonly #sockets = new Set<Socket>();
  #closing: Promise<void> | undefined;

  constructor(options: PageServerOptions) {
    this.#options = options;
    this.#http = createServer({ headersTimeout: HEADERS_LIMIT_MS, requestTimeout: HEADERS_LIMIT_MS });
    this.#http.maxConnections = CONNECTIONS_MAX;
  }

  /** Resolves with the address when it listens. Throws PageError when it cannot. To be called once. */
  async start(): Promise<{ url: string }> {
    const { host, port, log } = this.#options;
    this.#http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#http.on('request', (request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        log.debug({ why: messageOf(error) }, 'a request of the page broke off');
        response.destroy();
      });
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    try {
      this.#http.listen(port, host);
      await once(this.#http, 'listening');
    } catch (error) {
      throw new PageError(`page.listen = "${shown(host)}:${port}": ${listenRefusal(error)}`, {
        cause: error,
        retryable: true,
      });
    }
    this.#http.on('error', (error) => log.error({ why: error.message }, 'the listening socket of the page failed'));
    return { url: `http://${shown(host)}:${(this.#http.address() as AddressInfo).port}/` };
  }

  /** Closes every connection. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#http.listening) return;
    const closed = once(this.#http, 'close');
    this.#http.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    send(request, response, await this.#answer(request));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { access, content } = this.#options;
    const { headers, method = '', url = '' } = request;
    if (!access.isForUs(headers)) return words(421, 'this device is not known by that name; page.names adds names');
    if (access.isForeign(headers)) return words(403, FORBIDDEN);
    const path = url.split('?', 1)[0] ?? '';
    if (method === 'POST' && path === '/login') return this.#logIn(request);
    if (method !== 'GET' && method !== 'HEAD') return words(405, 'only GET', { allow: 'GET, HEAD' });
    const isAllowed = access.isAllowed(headers);
    const answer = (isAllowed ? content.answer(path) : undefined) ?? content.publicAnswer(path);
    if (answer) return answer;
    if (isAllowed) return words(404, 'there is nothing here');
    return path === '/'
      ? content.question(false)
      : words(401, 'the token is missing', { 'www-authenticate': 'Bearer' });
  }

  async #logIn(request: IncomingMessage): Promise<Answer> {
    const { access, content } = this.#options;
    if (!access.isFromUs(request.headers)) return words(403, FORBIDDEN);
    const cookie = access.cookieFor((await formOf(request))?.get('token')?.trim() ?? '', request.headers);
    if (cookie === undefined) return content.question(true);
    return words(303, 'welcome', { location: '/', 'set-cookie': cookie });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { content } = this.#options;
    const { headers, url } = request;
    socket.on('error', () => socket.destroy());
    const refusal = this.#refusalOf(headers, url);
    if (refusal === undefined) {
      content.upgrade(request, socket, head);
      return;
    }
    // One that keeps its side open would keep its place among the connections.
    socket.once('finish', () => socket.destroy());
    socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }

  #refusalOf(headers: IncomingHttpHeaders, path: string | undefined): string | undefined {
    const { access } = this.#options;
    if (!access.isForUs(headers)) return '421 Misdirected Request';
    if (!access.isFromUs(headers)) return '403 Forbidden';
    if (!access.isAllowed(headers)) return '401 Unauthorized';
    return path === '/live' ? undefined : '404 Not Found';
  }
}

function shown(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
