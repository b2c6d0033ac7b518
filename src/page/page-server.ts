import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { messageOf, PageError } from '../errors.js';
import { listenRefusal } from '../listen-refusal.js';
import type { Log } from '../log.js';
import type { Access } from './access.js';
import { type Answer, send, words } from './responses.js';

/** What a page server serves. */
interface PageContent {
  /** For whoever is let in: the answer for this path; undefined where there is nothing. */
  answer: (path: string) => Answer | undefined;
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

/** The one port of the status page. Decides who is let in, by `Access`. */
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
    const path = url.split('?', 1)[0] ?? '';
    if (method !== 'GET' && method !== 'HEAD') return words(405, 'only GET', { allow: 'GET, HEAD' });
    if (!access.isAllowed(headers)) return words(401, 'the token is missing', { 'www-authenticate': 'Bearer' });
    return content.answer(path) ?? words(404, 'there is nothing here');
  }
}

function shown(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
