import { hostname } from 'node:os';
import type { Clock } from '../clock.js';
import type { Config } from '../config.js';
import { ClientError, messageOf } from '../errors.js';
import type { Journal, Log } from '../log.js';
import { pause } from '../pcm/supervisor.js';
import type { Display } from '../protocol/protocol.js';
import { whenAborted } from '../when-aborted.js';
import { Access } from './access.js';
import { Assets } from './assets.js';
import { Commands, type Tuning } from './commands.js';
import type { PageDevice } from './device.js';
import { illnessOf } from './health.js';
import { Live } from './live.js';
import { Metrics } from './metrics.js';
import { OPEN_METRICS_TYPE, openMetrics } from './open-metrics.js';
import { PageServer } from './page-server.js';
import { addressOf, pageToken } from './page-settings.js';
import { Memory } from './picture.js';
import { UsageMeter } from './processes.js';
import { type Answer, json } from './responses.js';

/** Options of `StatusPage`. */
export interface StatusPageOptions {
  /** The present device; a reload makes another one. */
  device: () => PageDevice;
  /** Keeps what was set on the page over a restart; gives the path of the file. Throws ClientError. */
  save: (tuning: Tuning) => string;
  journal: Journal;
  clock: Clock;
  log: Log;
}

type PageConfig = Config['page'];

/** An address may come with the network, and a port may be given back. */
const RETRY_MS = 15_000;

/**
 * The status page, its metrics and its health check, on one port; from its making on it also remembers what happened.
 * Whatever is wrong with it is told to the log, and the device goes on.
 */
export class StatusPage {
  readonly #options: StatusPageOptions;
  readonly #metrics: Metrics;
  readonly #usage: UsageMeter;
  readonly #memory: Memory;
  readonly #commands: Commands;
  readonly #assets = new Assets();
  #live: Live | undefined;
  readonly #unwatch: (() => void)[];
  #stop = new AbortController();
  #server: PageServer | undefined;
  #serving: Promise<void> = Promise.resolve();

  constructor(options: StatusPageOptions) {
    this.#options = options;
    const { clock, journal } = options;
    this.#metrics = new Metrics(clock);
    this.#usage = new UsageMeter(clock);
    this.#memory = new Memory(clock);
    this.#commands = new Commands(options);
    this.#unwatch = [
      journal.watch((entry) => {
        this.#metrics.note(entry);
        this.#memory.note(entry);
        this.#live?.refresh();
      }),
      journal.watchTraces((trace) => {
        this.#metrics.trace(trace);
        this.#memory.trace(trace);
      }),
    ];
  }

  /**
   * Serves the page as configured, and no longer as it was. Resolves when it is served, or when the log has been told why
   * not; where that can help, it is tried again now and then.
   */
  async open(config: PageConfig): Promise<void> {
    await this.#closeServer();
    const stop = new AbortController();
    this.#stop = stop;
    await new Promise<void>((tried) => {
      this.#serving = this.#serve(config, stop.signal, tried);
    });
  }

  /** The server wants this shown. */
  display(display: Display): void {
    this.#memory.display(display);
    this.#live?.refresh();
  }

  /** Serves no more, and remembers no more. May be called twice. */
  async close(): Promise<void> {
    for (const unwatch of this.#unwatch) unwatch();
    await this.#closeServer();
  }

  async #closeServer(): Promise<void> {
    this.#stop.abort();
    await this.#serving;
    this.#live?.close();
    this.#live = undefined;
    await this.#server?.close();
    this.#server = undefined;
  }

  async #serve(config: PageConfig, signal: AbortSignal, tried: () => void): Promise<void> {
    const { clock, log, journal } = this.#options;
    // Once: a port may be somebody else's for days, and each call listens to the signal until it aborts.
    const stopped = whenAborted(signal);
    let toldWhy = '';
    while (!signal.aborted) {
      try {
        const server = this.#makeServer(config);
        const ready = server.start();
        await Promise.race([ready, stopped]);
        if (signal.aborted) {
          giveUp(server, ready);
          return;
        }
        this.#server = server;
        journal.record('page.ready', await ready);
        return;
      } catch (error) {
        const why = messageOf(error);
        if (why !== toldWhy) log.error({ why }, 'the status page is not served');
        toldWhy = why;
        if (!(error instanceof ClientError && error.retryable)) return;
      } finally {
        tried();
      }
      await pause(RETRY_MS, signal, clock);
    }
  }

  #makeServer(config: PageConfig): PageServer {
    const { device, clock } = this.#options;
    const log = this.#options.log.child({ module: 'page' });
    const { host, port } = addressOf(config.listen);
    const token = pageToken(config);
    const live = new Live({
      device,
      picture: () => this.#memory.picture(device(), this.#commands.isUnsaved),
      obey: (text) => this.#commands.obey(text),
      clock,
      log,
    });
    this.#live = live;
    return new PageServer({
      host,
      port,
      access: new Access({ host, machineName: hostname(), names: config.names, token }),
      content: {
        answer: (path) => this.#answer(path) ?? this.#assets.answer(path),
        publicAnswer: (path) => this.#assets.publicAnswer(path),
        question: (wasWrong) => this.#assets.question(wasWrong),
        upgrade: (request, socket, head) => live.accept(request, socket, head),
      },
      log,
    });
  }

  #answer(path: string): Answer | undefined {
    if (path === '/metrics') return this.#metricsAnswer();
    if (path === '/healthz') return this.#healthAnswer();
    return undefined;
  }

  #metricsAnswer(): Answer {
    const { state, isMuted, isLinkUp } = this.#options.device();
    const metrics = this.#metrics.all({ state, isMuted, isLinkUp, usage: this.#usage.read() });
    return { status: 200, type: OPEN_METRICS_TYPE, body: openMetrics(metrics) };
  }

  #healthAnswer(): Answer {
    const { state, isMuted, isLinkUp, chunkAgeMs, overdueState } = this.#options.device();
    const why = illnessOf({ state, isMuted, isLinkUp, chunkAgeMs, overdueState });
    const how = { state, muted: isMuted, link: isLinkUp ? 'up' : 'down' };
    return why === undefined ? json(200, { status: 'ok', ...how }) : json(503, { status: 'failing', why, ...how });
  }
}

/** The name that it listens on may still be looked up: it is closed when that is over, and nobody waits for it. */
function giveUp(server: PageServer, ready: Promise<unknown>): void {
  const close = () => server.close();
  void ready.then(close, close);
}
