import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { faultOf, type Standing } from './strict-glasses-rules.js';
import { Watch } from './watch.js';

/** `seed`: the cloud until May 2025; `snapshot`: the one of June 2025. */
export type CloudEra = 'seed' | 'snapshot';

/** Options of `StrictGlassesCloud`; it keeps the real cloud's times, divided by `haste`. */
export interface StrictCloudOptions {
  era: CloudEra;
  /** What core tokens are signed with. */
  secret: string;
  haste: number;
}

interface Wire extends Standing {
  socket: WebSocket;
  pongAtMs: number;
}

const USER = 'user@example.com';
const CAPTIONS = 'org.example.captions';
const DASHBOARD = 'dev.augmentos.dashboard';
/** Frames of a turn after which the app has heard enough. */
const ENOUGH_FRAMES = 4;
const SESSION_MS = 60;
const RESUME_MS = 60_000;
const THROTTLE_MS = 300;
const BOOT_MS = 4_500;
const PING_MS = { seed: 15_000, snapshot: 10_000 };
const NO_PONG_MS = 45_000;

/**
 * An adversary made from what was read in the cloud's own code and seen on its wire, and from nothing of the device's: it checks the
 * token's signature, the path and every field of every message, and keeps a list of what is wrong. One app runs on it,
 * which shows what it "hears" word by word and then a card; between the two come all the things that a client trips over.
 */
export class StrictGlassesCloud {
  /** What the device did that it must not. */
  readonly violations: string[] = [];
  /** Texts of the cards that the app has shown. */
  readonly cards: string[] = [];
  /** Everything that was said, by type, `audio` for sound. */
  readonly counts: Record<string, number> = {};
  sessions = 0;
  connections = 0;
  refusals = 0;
  readonly #options: StrictCloudOptions;
  readonly #watch = new Watch();
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #timers = new Set<NodeJS.Timeout>();
  #server: Server | undefined;
  #wire: Wire | undefined;
  #lostAtMs: number | undefined;
  #isMicWanted = false;
  #frames = 0;
  #display: object | undefined;
  #displayedAtMs = Number.NEGATIVE_INFINITY;
  #port = 0;

  constructor(options: StrictCloudOptions) {
    this.#options = options;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = createServer();
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    const { era } = this.#options;
    this.#every(PING_MS[era], () => this.#ping());
  }

  /** Goes away at once. May be called twice. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets.clients) socket.terminate();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#wire?.socket.terminate();
  }

  /** Resolves as soon as `holds` does, asked after everything received. */
  async until(holds: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
    const whole = () => `strict cloud: ${what}; ${JSON.stringify(this.counts)}; ${this.violations.join('; ')}`;
    await this.#watch.for(() => holds() || undefined, timeoutMs, whole);
  }

  /** A core token as the cloud signs them; `email` is whose it is. */
  static token(secret: string, email = USER): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: '1', email, organizations: [], defaultOrg: null })}`;
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  }

  /** Says what comes over the wire in the middle of everything else, for the device to bear. */
  trip(): void {
    const userSession = { activeAppSessions: [DASHBOARD, CAPTIONS], loadingApps: [], appSubscriptions: {} };
    this.#say('app_state_change', { userSession: { ...userSession, requiresAudio: true, isTranscribing: true } });
    this.#say('settings_update', { settings: { brightness: 50, headUpAngle: 20 }, success: true });
    this.#say('connection_error', { message: 'Error retrieving settings' });
    this.#say('dashboard_mode_change', { mode: 'expanded' });
    this.#say('photo_request', { requestId: 'p1', appId: CAPTIONS, saveToGallery: true, userSession });
    this.#say('start_rtmp_stream', { rtmpUrl: 'rtmp://x/y', appId: CAPTIONS, streamId: 's1' });
    this.#say('keep_rtmp_stream_alive', { streamId: 's1', ackId: 'k1' });
    this.#say('stop_rtmp_stream', { appId: CAPTIONS, streamId: 's1' });
    this.#say('livekit_info', { url: 'wss://x', roomName: 'r', token: 't' });
    this.#say('interim', { text: 'he' });
    this.#forward({ layoutType: 'bitmap_view', data: Buffer.alloc(4_000).toString('base64') });
    this.#forward({ layoutType: 'double_text_wall', topText: '$TIME12$', bottomText: '$GBATT$' }, 'dashboard');
    this.#forward({ layoutType: 'hologram', text: 'of a later version' });
    this.#forward({});
    this.#wire?.socket.send('no JSON');
    this.#wire?.socket.send(Buffer.from([1, 2, 3]));
    this.#acknowledge();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { era } = this.#options;
    if (request.url !== '/glasses-ws') {
      this.violations.push(`the path ${request.url}`);
      socket.destroy();
      return;
    }
    const token = request.headers.authorization?.split(' ')[1];
    const problem = token === undefined ? 'No core token provided' : this.#isSigned(token) ? '' : 'Invalid core token';
    const refusal = JSON.stringify({ type: 'connection_error', message: problem, timestamp: new Date() });
    if (problem !== '') this.refusals += 1;
    if (problem !== '' && era === 'snapshot') {
      // Without a length, and hung up behind it.
      socket.write(`HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\r\n${refusal}`);
      socket.destroy();
      this.#watch.notify();
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => undefined);
      if (problem === '') void this.#serve(client);
      else client.send(refusal);
      this.#watch.notify();
    });
  }

  #isSigned(token: string): boolean {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const wanted = createHmac('sha256', this.#options.secret).update(`${header}.${payload}`).digest();
    const given = Buffer.from(signature, 'base64url');
    return given.length === wanted.length && timingSafeEqual(given, wanted) && payload !== '';
  }

  async #serve(socket: WebSocket): Promise<void> {
    const { era, haste } = this.#options;
    const wire: Wire = {
      socket,
      isHeard: false,
      isAcknowledged: false,
      hasInit: false,
      isMicWanted: false,
      isVoice: false,
      pongAtMs: performance.now(),
    };
    this.connections += 1;
    // One that takes over is not told to the one before it, which gets nothing more.
    this.#wire = wire;
    socket.on('pong', () => {
      wire.pongAtMs = performance.now();
    });
    socket.on('message', (data: Buffer, isBinary) => this.#take(wire, data, isBinary));
    socket.on('close', () => {
      if (this.#wire !== wire) return;
      this.#wire = undefined;
      this.#lostAtMs = performance.now();
    });
    const isResumed = this.#lostAtMs !== undefined && performance.now() - this.#lostAtMs < RESUME_MS / haste;
    await sleep(SESSION_MS);
    wire.isHeard = true;
    if (!isResumed) {
      this.sessions += 1;
      this.#isMicWanted = false;
    }
    if (era === 'seed') return;
    this.#tellMicrophone();
    if (!isResumed) await this.#boot();
    this.#acknowledge();
  }

  /** The apps of last time start before anything is acknowledged. */
  async #boot(): Promise<void> {
    const { haste } = this.#options;
    this.#forward({ layoutType: 'reference_card', title: '// MentraOS - Starting App', text: 'Captions' });
    await sleep(BOOT_MS / haste);
    this.#clear();
    this.#clear();
    // Debounced: some 1.1 s after the app subscribed to sound.
    this.#after(1_100, () => this.#wantMicrophone(true));
  }

  #take(wire: Wire, data: Buffer, isBinary: boolean): void {
    const fault = faultOf(data, isBinary, wire);
    if (fault !== undefined) this.violations.push(fault);
    const fields = isBinary || fault !== undefined ? {} : (JSON.parse(data.toString()) as Record<string, unknown>);
    const type = isBinary ? 'audio' : String(fields.type);
    this.counts[type] = (this.counts[type] ?? 0) + 1;
    if (wire.isHeard && wire === this.#wire) this.#answer(wire, type, fields);
    this.#watch.notify();
  }

  #answer(wire: Wire, type: string, fields: Record<string, unknown>): void {
    const { era } = this.#options;
    if (type === 'connection_init') {
      wire.hasInit = true;
      if (era === 'seed' && !this.#isMicWanted) void this.#boot().then(() => this.#greetOld());
      else this.#greetOld();
    }
    if (type === 'glasses_connection_state') this.#tellMicrophone();
    if (type === 'VAD') {
      wire.isVoice = fields.status === true || fields.status === 'true';
      this.#frames = 0;
    }
    if (type === 'audio') this.#hear();
  }

  /** The app: a word more with each frame, and in the end a card. */
  #hear(): void {
    this.#frames += 1;
    if (this.#frames < ENOUGH_FRAMES) {
      this.#show({ layoutType: 'text_wall', text: 'what is the weather like'.slice(0, this.#frames * 5) });
    } else if (this.#frames === ENOUGH_FRAMES) {
      const card = `Rain, number ${this.cards.length + 1}.`;
      this.cards.push(card);
      this.#show({ layoutType: 'reference_card', title: 'Weather', text: card });
      this.trip();
    }
  }

  #greetOld(): void {
    this.#tellMicrophone();
    this.#acknowledge();
    if (this.#options.era === 'seed') this.#say('app_started', { packageName: CAPTIONS });
  }

  #acknowledge(): void {
    const { era } = this.#options;
    const legacy = { installedApps: [{ packageName: CAPTIONS, name: 'Captions' }], activeAppPackageNames: [CAPTIONS] };
    const session = { userId: USER, startTime: new Date(), activeAppSessions: [CAPTIONS], loadingApps: [] };
    this.#say('connection_ack', {
      sessionId: USER,
      userSession: era === 'seed' ? { ...session, ...legacy } : { ...session, isTranscribing: true },
    });
    if (this.#wire) this.#wire.isAcknowledged = true;
  }

  #wantMicrophone(isWanted: boolean): void {
    this.#isMicWanted = isWanted;
    this.#tellMicrophone();
  }

  #tellMicrophone(): void {
    if (this.#wire) this.#wire.isMicWanted = this.#isMicWanted;
    this.#say('microphone_state_change', {
      isMicrophoneEnabled: this.#isMicWanted,
      userSession: { sessionId: USER, loadingApps: {}, activeAppSessions: [CAPTIONS] },
    });
  }

  /** At most one display per 300 ms; of those that come in between the newest is kept. */
  #show(layout: object): void {
    const waitMs = this.#displayedAtMs + THROTTLE_MS / this.#options.haste - performance.now();
    const isWaiting = this.#display !== undefined;
    this.#display = layout;
    if (isWaiting) return;
    this.#after(Math.max(0, waitMs) * this.#options.haste, () => {
      if (this.#display) this.#forward(this.#display);
      this.#display = undefined;
      this.#displayedAtMs = performance.now();
    });
  }

  #clear(): void {
    const layout = { layoutType: 'text_wall', text: '' };
    this.#say('display_event', { packageName: DASHBOARD, view: 'main', layout, durationMs: 0 });
  }

  #forward(layout: object, view = 'main'): void {
    this.#say('display_event', { packageName: CAPTIONS, view, layout, sessionId: `${USER}-${CAPTIONS}` });
  }

  #say(type: string, fields: object): void {
    this.#wire?.socket.send(JSON.stringify({ type, ...fields, timestamp: new Date() }));
  }

  #ping(): void {
    const wire = this.#wire;
    if (!wire) return;
    wire.socket.ping();
    const { era, haste } = this.#options;
    if (era !== 'seed' || performance.now() - wire.pongAtMs < NO_PONG_MS / haste) return;
    this.violations.push('no pong for 45 s');
    wire.socket.close(4000, 'Terminated by HeartbeatManager: no pong responses');
  }

  #after(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms / this.#options.haste);
    this.#timers.add(timer);
  }

  #every(ms: number, then: () => void): void {
    this.#timers.add(setInterval(then, ms / this.#options.haste));
  }
}
