import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';

/** Something that listens on a port of loopback, until closed. */
export interface Listening {
  port: number;
  close(): Promise<void>;
}

async function listening(server: Server, port: number): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A bare TCP server. */
export function tcpServer(onConnection: (socket: Socket) => void, port = 0): Promise<Listening> {
  return listening(createTcpServer(onConnection), port);
}

/** A web server that knows no WebSockets: it answers the upgrade request like any other. */
export function httpServer(onRequest: RequestListener, port = 0): Promise<Listening> {
  return listening(createHttpServer(onRequest), port);
}

/** A server that opens the WebSocket and hands out the bare socket, for frames that no library sends. */
export function rawServer(onOpen: (socket: Socket) => void, port = 0): Promise<Listening> {
  const server = createHttpServer();
  server.on('upgrade', (request, socket) => {
    const key = request.headers['sec-websocket-key'];
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    onOpen(socket as Socket);
  });
  return listening(server, port);
}

/** A frame of a server: any first byte, any payload. */
export function frame(firstByte: number, payload: Buffer): Buffer {
  if (payload.length < 126) return Buffer.concat([Buffer.from([firstByte, payload.length]), payload]);
  const head = Buffer.alloc(payload.length < 65_536 ? 4 : 10);
  head[0] = firstByte;
  head[1] = payload.length < 65_536 ? 126 : 127;
  if (payload.length < 65_536) head.writeUInt16BE(payload.length, 2);
  else head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

/** A WebSocket server in good health. */
export interface Healthy extends Listening {
  /** Connections so far, first to last. */
  peers: WebSocket[];
  /** The upgrade requests, likewise. */
  requests: IncomingMessage[];
}

/** Starts one; `tls` makes it a server of wss. */
export async function wsServer(
  onPeer: (peer: WebSocket, request: IncomingMessage) => void = () => undefined,
  options: ServerOptions & { tls?: { key: string; cert: string } } = {},
): Promise<Healthy> {
  const { tls, port = 0, ...more } = options;
  const server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
  const peers: WebSocket[] = [];
  const requests: IncomingMessage[] = [];
  const ws = new WebSocketServer({ server, ...more });
  ws.on('connection', (peer, request) => {
    peers.push(peer);
    requests.push(request);
    peer.on('error', () => undefined);
    onPeer(peer, request);
  });
  return { ...(await listening(server, port)), peers, requests };
}

/** Certificates for 127.0.0.1, made by `openssl` into a folder of their own. */
export class Certificates {
  readonly #dir = mkdtempSync(join(tmpdir(), 'tars-link-'));

  /** The authority's certificate. */
  readonly ca: string;

  constructor() {
    this.#openssl(
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test-ca -keyout ca.key -out ca.pem',
    );
    this.ca = this.#read('ca.pem');
  }

  /** A certificate signed by the authority. */
  issue(name: string, altName: string, isExpired = false): { key: string; cert: string } {
    const request = `req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${name}`;
    this.#openssl(`${request} -keyout ${name}.key -out ${name}.csr`);
    const period = isExpired ? '-startdate 20200101000000Z -enddate 20200102000000Z' : '-days 2';
    writeFileSync(join(this.#dir, 'index.txt'), '');
    writeFileSync(join(this.#dir, 'ca.cnf'), this.#config(altName));
    this.#openssl(
      `ca -batch -config ca.cnf -notext -md sha256 ${period} -extensions ext -in ${name}.csr -out ${name}.pem`,
    );
    return { key: this.#read(`${name}.key`), cert: this.#read(`${name}.pem`) };
  }

  /** Deletes the folder. */
  close(): void {
    rmSync(this.#dir, { recursive: true });
  }

  #config(altName: string): string {
    return [
      '[ca]\ndefault_ca = it',
      '[it]\nnew_certs_dir = .\ndatabase = index.txt\nprivate_key = ca.key\ncertificate = ca.pem\npolicy = any\nrand_serial = yes',
      '[any]\ncommonName = supplied',
      `[ext]\nsubjectAltName = ${altName}`,
      '',
    ].join('\n');
  }

  #read(file: string): string {
    return readFileSync(join(this.#dir, file), 'utf8');
  }

  #openssl(command: string): void {
    execFileSync('openssl', command.split(' '), { cwd: this.#dir, stdio: 'pipe' });
  }
}
