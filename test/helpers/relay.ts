import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to the bytes of one direction. Changes hold for open connections and new ones. */
export interface Weather {
  /** How late a chunk comes, in milliseconds; asked for each chunk. Order is kept. */
  delayMs: () => number;
  /** How many bytes pass in a second. */
  bytesPerSecond: number;
  /** After so many bytes in total, in the middle of whatever they are, every connection is cut. */
  bytesUntilCut: number;
}

/** The two ways through a relay. */
export type Direction = 'toServer' | 'toClient';

const SLICE_BYTES = 1_024;
const HIGH_WATER_BYTES = 256 * 1_024;

/** A TCP relay on loopback that misbehaves as told. */
export class Relay {
  /** What happens to the bytes, a direction; may be changed at any time. */
  readonly weather: Record<Direction, Weather> = { toServer: fairWeather(), toClient: fairWeather() };
  /** Connections accepted so far. */
  accepted = 0;
  #targetPort: number;
  #server: Server;
  #port = 0;
  readonly #pipes = new Set<Pipe>();
  readonly #holes = new Set<Direction>();

  /** Relays to a port on loopback. */
  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = this.#createServer();
  }

  get port(): number {
    return this.#port;
  }

  /** Relays new connections to another port. */
  set targetPort(port: number) {
    this.#targetPort = port;
  }

  /** Listens; after `refuse()` on the same port again. */
  async listen(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = this.#createServer();
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Accepts no more: new connections are refused, open ones go on. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const pipe of this.#pipes) pipe.unref();
    await Promise.race([closed, new Promise((resolve) => setImmediate(resolve))]);
  }

  /** Takes bytes of a direction no more (true), as a network that loses every packet, or lets them pass again (false). */
  blackHole(direction: Direction | 'both', isOn: boolean): void {
    for (const each of direction === 'both' ? (['toServer', 'toClient'] as const) : [direction]) {
      if (isOn) this.#holes.add(each);
      else this.#holes.delete(each);
    }
    for (const pipe of this.#pipes) pipe.resume();
  }

  /** Cuts every open connection. */
  drop(): void {
    for (const pipe of [...this.#pipes]) pipe.destroy();
  }

  /** Fair weather, no black hole, listening. Open connections stay. */
  async heal(): Promise<void> {
    this.weather.toServer = fairWeather();
    this.weather.toClient = fairWeather();
    this.blackHole('both', false);
    await this.listen();
  }

  /** Ends everything. May be called twice. */
  async close(): Promise<void> {
    this.drop();
    await this.refuse();
  }

  #createServer(): Server {
    return createServer((client) => {
      this.accepted += 1;
      const server = connect(this.#targetPort, '127.0.0.1');
      this.#join('toServer', client, server);
      this.#join('toClient', server, client);
    });
  }

  #join(direction: Direction, from: Socket, to: Socket): void {
    const pipe = new Pipe(from, to, {
      weather: () => this.weather[direction],
      isHole: () => this.#holes.has(direction),
      cut: () => this.drop(),
    });
    this.#pipes.add(pipe);
    for (const end of [from, to]) {
      end.once('close', () => from.destroyed && to.destroyed && this.#pipes.delete(pipe));
    }
  }
}

function fairWeather(): Weather {
  return { delayMs: () => 0, bytesPerSecond: Number.POSITIVE_INFINITY, bytesUntilCut: Number.POSITIVE_INFINITY };
}

interface Rules {
  weather: () => Weather;
  isHole: () => boolean;
  cut: () => void;
}

class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #rules: Rules;
  readonly #queue: { bytes: Buffer; dueMs: number }[] = [];
  #queuedBytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, rules: Rules) {
    this.#from = from;
    this.#to = to;
    this.#rules = rules;
    from.setNoDelay();
    from.on('data', (bytes) => this.#take(bytes));
    from.on('error', () => undefined);
    // The end of a connection is a packet like any other: a black hole takes it too.
    from.on('close', () => this.#pump());
    to.on('drain', () => this.resume());
    if (rules.isHole()) from.pause();
  }

  /** Goes on, or stops, as the rules say now. */
  resume(): void {
    if (this.#rules.isHole()) {
      this.#from.pause();
      return;
    }
    this.#pump();
  }

  unref(): void {
    this.#from.unref();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue.length = 0;
    this.#from.destroy();
    this.#to.destroy();
  }

  #take(bytes: Buffer): void {
    const { delayMs, bytesPerSecond } = this.#rules.weather();
    const arriveMs = performance.now() + delayMs();
    const isLimited = Number.isFinite(bytesPerSecond);
    for (let at = 0; at < bytes.length; at += isLimited ? SLICE_BYTES : bytes.length) {
      const slice = isLimited ? bytes.subarray(at, at + SLICE_BYTES) : bytes;
      this.#lastDueMs = Math.max(this.#lastDueMs, arriveMs) + (slice.length / bytesPerSecond) * 1_000;
      this.#queue.push({ bytes: slice, dueMs: this.#lastDueMs });
    }
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes >= HIGH_WATER_BYTES) this.#from.pause();
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#rules.isHole() && !this.#to.writableNeedDrain && !this.#to.destroyed) {
      const [head] = this.#queue;
      if (head === undefined) break;
      const waitMs = head.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#queue.shift();
      this.#queuedBytes -= head.bytes.length;
      this.#write(head.bytes);
    }
    if (this.#rules.isHole()) return;
    if (this.#queuedBytes < HIGH_WATER_BYTES) this.#from.resume();
    if (this.#from.destroyed && this.#queue.length === 0) this.#to.end();
  }

  #write(bytes: Buffer): void {
    const weather = this.#rules.weather();
    const isCut = bytes.length >= weather.bytesUntilCut;
    if (!isCut) {
      weather.bytesUntilCut -= bytes.length;
      this.#to.write(bytes);
      return;
    }
    const last = bytes.subarray(0, weather.bytesUntilCut);
    weather.bytesUntilCut = Number.POSITIVE_INFINITY;
    this.#to.write(last, () => this.#rules.cut());
  }
}
