import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';

/** How the server answers for one path. */
export interface ServedFile {
  bytes: Buffer;
  /** It knows Range. @default true */
  hasRanges?: boolean;
  /** How much of each answer is sent until `cut`; 0 cuts at once. An answer beyond the list, or shorter, is whole. */
  cuts?: number[];
  /** After so many bytes nothing more comes, and the connection stays. */
  stallsAfter?: number;
  /** No length in the header, so that the end of the connection is the end of the file. */
  isUnmeasured?: boolean;
  /** Answers with this status and no file. */
  status?: number;
  /** Sends the client to another path. */
  redirect?: string;
}

/** A server of files on loopback, with the sins of servers and lines. */
export class FileServer {
  /** Path → what is there. */
  readonly files = new Map<string, ServedFile>();
  /** `path range` of each request; the range is empty where none was asked for. */
  readonly requests: string[] = [];
  #held: ServerResponse | undefined;
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** The address of a path. */
  url(path = ''): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${path}`;
  }

  /** Cuts the connection whose answer waits for it. */
  cut(): void {
    this.#held?.destroy();
    this.#held = undefined;
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').slice(1);
    const range = request.headers.range ?? '';
    this.requests.push(`${path} ${range}`.trim());
    const file = this.files.get(path);
    if (!file || file.status) {
      response.writeHead(file?.status ?? 404).end('no');
      return;
    }
    if (file.redirect !== undefined) {
      response.writeHead(302, { location: this.url(file.redirect) }).end();
      return;
    }
    const from = file.hasRanges === false ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
    if (from > 0 && from >= file.bytes.length) {
      response.writeHead(416).end();
      return;
    }
    const body = file.bytes.subarray(from);
    const length: Record<string, string> = file.isUnmeasured ? {} : { 'content-length': String(body.length) };
    const part: Record<string, string> =
      from > 0 ? { 'content-range': `bytes ${from}-${file.bytes.length - 1}/${file.bytes.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { ...length, ...part });
    const cut = file.cuts?.shift();
    if (cut === 0) {
      response.destroy();
    } else if (cut !== undefined && cut < body.length) {
      response.write(body.subarray(0, cut));
      this.#held = response;
    } else if (file.stallsAfter !== undefined) {
      response.write(body.subarray(0, file.stallsAfter));
    } else {
      response.end(body);
    }
  }
}

/** What each test of a file has anew. */
export interface Surroundings {
  /** An empty folder. */
  folder: string;
  server: FileServer;
}

/** Gives every test of a file an empty folder and a server. */
export function surroundings(): Surroundings {
  const now: Surroundings = { folder: '', server: new FileServer() };
  beforeEach(async () => {
    now.folder = mkdtempSync(join(tmpdir(), 'models-'));
    now.server = new FileServer();
    await now.server.start();
  });
  afterEach(async () => {
    await now.server.close();
    rmSync(now.folder, { recursive: true });
  });
  return now;
}
