import type { Clock } from '../../src/clock.js';
import type { OpenSocket, Socket, SocketEvents } from '../../src/link/socket.js';
import type { WireMessage } from '../../src/protocol/protocol.js';
import type { FaultyServer } from '../helpers/gemitars-faults.js';
import type { Welcome } from '../helpers/gemitars-server.js';

/** How the way between device and server is: as usual; long; nothing answers; everything is swallowed until it is as usual. */
export type Weather = 'open' | 'slow' | 'refused' | 'hole';

/** Is told what passes the device's end of each connection, at the moment at which it does. */
export interface WireWatch {
  opened(connection: number): void;
  sent(connection: number, message: WireMessage): void;
  /** The device has taken a message, and done at once what it does about it. */
  delivered(connection: number, message: WireMessage): void;
  lost(connection: number): void;
}

const LATENCY_MS = 5;
const SLOW_MS = 900;
const RESENT_MS = 500;
const BUSY: Welcome = { closeCode: 1013, reason: 'Server busy, another client is connected.' };

/** One direction of a connection: everything arrives in order, a little later, and not while the way is blocked. */
class Pipe {
  readonly #clock: Clock;
  readonly #isBlocked: () => boolean;
  readonly #latencyMs: () => number;
  #queue: { dueMs: number; bytes: number; arrive: () => void }[] = [];

  constructor(clock: Clock, latencyMs: () => number, isBlocked: () => boolean) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
    this.#isBlocked = isBlocked;
  }

  /** Bytes that should have arrived and have not. */
  get stuckBytes(): number {
    const nowMs = this.#clock.nowMs();
    return this.#queue.reduce((sum, { dueMs, bytes }) => sum + (dueMs <= nowMs ? bytes : 0), 0);
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  put(arrive: () => void, bytes = 0): void {
    const latencyMs = this.#latencyMs();
    this.#queue.push({ dueMs: this.#clock.nowMs() + latencyMs, bytes, arrive });
    this.#clock.setTimeout(() => this.pump(), latencyMs);
  }

  pump(): void {
    while (!this.#isBlocked() && this.#queue[0] && this.#queue[0].dueMs <= this.#clock.nowMs()) {
      this.#queue.shift()?.arrive();
    }
  }
}

/** The device's end of a connection, and what belongs to it of the network. */
class VirtualSocket implements Socket {
  readonly gone: Promise<void>;
  readonly toServer: Pipe;
  readonly toDevice: Pipe;
  readonly number: number;
  readonly #network: VirtualNetwork;
  readonly #events: SocketEvents;
  #state: 'dialling' | 'open' | 'over' = 'dialling';
  #isHeld = false;
  #setGone: () => void = () => undefined;

  constructor(network: VirtualNetwork, number: number, events: SocketEvents) {
    this.#network = network;
    this.number = number;
    this.#events = events;
    const latencyMs = () => network.latencyMs;
    this.toServer = new Pipe(
      network.clock,
      latencyMs,
      () => network.weather === 'hole' || network.server.isFrozen(this),
    );
    this.toDevice = new Pipe(network.clock, latencyMs, () => network.weather === 'hole' || this.#isHeld);
    this.gone = new Promise((resolve) => {
      this.#setGone = resolve;
    });
  }

  /** Nothing of it is left at the device's end. */
  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Nothing of it is left anywhere. */
  get isForgotten(): boolean {
    return this.isOver && this.toServer.isEmpty && this.toDevice.isEmpty;
  }

  get bufferedBytes(): number {
    return this.toServer.stuckBytes;
  }

  open(): void {
    if (this.#state !== 'dialling') return;
    this.#state = 'open';
    this.#network.watch.opened(this.number);
    this.#events.opened();
  }

  take(message: WireMessage): void {
    if (this.#state !== 'open') return;
    this.#events.alive();
    this.#events.message(message);
    this.#network.watch.delivered(this.number, message);
  }

  alive(): void {
    if (this.#state === 'open') this.#events.alive();
  }

  lose(loss: Parameters<SocketEvents['lost']>[0]): void {
    if (this.#state === 'over') return;
    this.#end();
    this.#events.lost(loss);
  }

  send(message: WireMessage): boolean {
    if (this.#state !== 'open') return false;
    this.#network.watch.sent(this.number, message);
    // What a device says is watched at its own end.
    this.toServer.put(() => undefined, message.length);
    return true;
  }

  ping(): void {
    if (this.#state === 'open') this.toServer.put(() => this.toDevice.put(() => this.alive()));
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.#network.clock.setTimeout(() => this.toDevice.pump(), 0);
  }

  goodbye(): void {
    this.#state = 'over';
    this.#network.watch.lost(this.number);
    this.toServer.put(() => {
      this.#network.server.forget(this);
      this.toDevice.put(this.#setGone);
    });
  }

  terminate(): void {
    if (this.#state !== 'over') this.#end();
    this.#setGone();
  }

  #end(): void {
    this.#state = 'over';
    this.#network.watch.lost(this.number);
    this.#setGone();
    this.toServer.put(() => this.#network.server.forget(this));
  }
}

/** A GemiTARS server without sockets and without a conversation of its own: it says what it is told to. */
class VirtualServer implements FaultyServer {
  welcome: Welcome = {};
  isRunning = true;
  #client: VirtualSocket | undefined;
  #frozen: VirtualSocket | undefined;

  get isConnected(): boolean {
    return this.#client !== undefined;
  }

  /** A device dials: what it meets. */
  meet(socket: VirtualSocket): void {
    if (socket.isOver) return;
    const { status, headers = {}, closeCode, reason = '' } = this.#client ? BUSY : this.welcome;
    if (status !== undefined) {
      const seconds = headers['retry-after'];
      const retryAfterMs = seconds === undefined ? undefined : Number(seconds) * 1_000;
      socket.lose({ kind: 'refused', status, retryAfterMs, location: undefined, said: '' });
      return;
    }
    socket.open();
    if (closeCode === undefined) this.#client = socket;
    else socket.toDevice.put(() => socket.lose({ kind: 'closed', code: closeCode, reason }));
  }

  /** True for a client that is not read just now. */
  isFrozen(socket: VirtualSocket): boolean {
    return this.#frozen === socket;
  }

  /** A connection has ended on the device's side. */
  forget(socket: VirtualSocket): void {
    if (this.#client === socket) this.#client = undefined;
  }

  send(message: string | Uint8Array): Promise<boolean> {
    const client = this.#client;
    // The limit of the device's WebSockets.
    if (message.length > 2 ** 20) {
      client?.toDevice.put(() => client.lose({ kind: 'closed', code: 1009, reason: '' }));
    } else client?.toDevice.put(() => client.take(message));
    return Promise.resolve(client !== undefined);
  }

  close(code: number, reason: string): void {
    const client = this.#client;
    client?.toDevice.put(() => client.lose({ kind: 'closed', code, reason }));
  }

  terminate(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.toDevice.put(() => client.lose({ kind: 'closed', code: 1006, reason: '' }));
  }

  freeze(): void {
    this.#frozen = this.#client;
  }

  thaw(): void {
    const frozen = this.#frozen;
    this.#frozen = undefined;
    frozen?.toServer.pump();
  }

  crash(): Promise<void> {
    this.isRunning = false;
    this.thaw();
    this.terminate();
    return Promise.resolve();
  }

  start(): Promise<void> {
    this.isRunning = true;
    return Promise.resolve();
  }
}

/** A server and the way to it, in memory and on a clock. */
export class VirtualNetwork {
  readonly clock: Clock;
  readonly watch: WireWatch;
  readonly server = new VirtualServer();
  #sockets: VirtualSocket[] = [];
  #dials = 0;
  #hanging: VirtualSocket[] = [];
  #weather: Weather = 'open';

  constructor(clock: Clock, watch: WireWatch) {
    this.clock = clock;
    this.watch = watch;
  }

  get weather(): Weather {
    return this.#weather;
  }

  /** One way, in milliseconds. */
  get latencyMs(): number {
    return this.#weather === 'slow' ? SLOW_MS : LATENCY_MS;
  }

  /** A changed weather holds at once; what was swallowed arrives when the way is open again. */
  set weather(weather: Weather) {
    this.#weather = weather;
    if (weather === 'refused') this.server.terminate();
    if (weather === 'hole') return;
    // TCP asks again and again for a connection that nobody has answered.
    for (const socket of this.#hanging.splice(0)) this.clock.setTimeout(() => this.#arrive(socket), RESENT_MS);
    for (const { toServer, toDevice } of this.#sockets) {
      toServer.pump();
      toDevice.pump();
    }
  }

  readonly openSocket: OpenSocket = (_target, events) => {
    this.#dials += 1;
    const socket = new VirtualSocket(this, this.#dials, events);
    this.#sockets = [...this.#sockets.filter(({ isForgotten }) => !isForgotten), socket];
    this.clock.setTimeout(() => this.#arrive(socket), this.latencyMs);
    return socket;
  };

  #arrive(socket: VirtualSocket): void {
    if (this.#weather === 'hole') {
      this.#hanging.push(socket);
      return;
    }
    if (this.#weather !== 'refused' && this.server.isRunning) {
      this.server.meet(socket);
      return;
    }
    const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    socket.lose({ kind: 'failed', error });
  }
}
