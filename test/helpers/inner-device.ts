import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { App, type AppOptions } from '../../src/app.js';
import { type Clock, systemClock } from '../../src/clock.js';
import { loadConfig } from '../../src/config.js';
import { type EventName, type Events, Journal } from '../../src/log.js';
import { readWav } from '../../src/pcm/wav.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import type { Display } from '../../src/protocol/protocol.js';
import { RATE_HZ } from './sound-tap.js';
import { Watch } from './watch.js';

const WAIT_LIMIT_MS = 10_000;

/** What an inner device is made of. */
export interface InnerDeviceOptions {
  /** Keys of the configuration by path, besides microphone, loudspeaker and engine. */
  settings: Readonly<Record<string, string>>;
  /** What the microphone hears, at 16 kHz, from the start of the capture on. */
  heard: Int16Array;
  /** How many times faster than the real one the device's clock runs. @default 1 */
  speed?: number;
  /** The machine's batteries. @default none */
  battery?: NonNullable<AppOptions['battery']>;
}

/** An event of the journal. */
export interface InnerEvent {
  name: EventName;
  fields: Readonly<Record<string, unknown>>;
  /** On the device's own clock. */
  atMs: number;
}

/** The real time, faster. */
function fastClock(speed: number): Clock {
  return {
    nowMs: () => systemClock.nowMs() * speed,
    setTimeout: (callback, delayMs) => systemClock.setTimeout(callback, delayMs / speed),
    clearTimeout: (timer) => systemClock.clearTimeout(timer),
  };
}

/**
 * The whole program inside the test's process, without sound: the microphone is a WAV file, the loudspeaker another
 * one, a conversation begins by `talk()`, and time may run faster. Everything else is as in the device.
 */
export class InnerDevice {
  /** Every event so far. */
  readonly events: InnerEvent[] = [];
  /** Every line of the log so far, debug lines too. */
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  readonly clock: Clock;
  /** What the device has shown so far. */
  readonly shown: Display[] = [];
  readonly #options: InnerDeviceOptions;
  readonly #watch = new Watch();
  #app: App | undefined;
  #folder = '';

  constructor(options: InnerDeviceOptions) {
    this.#options = options;
    this.clock = fastClock(options.speed ?? 1);
  }

  /** Starts the program; resolves when it listens. */
  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'tars-inner-'));
    const heardPath = join(this.#folder, 'heard.wav');
    await writeWav(heardPath, this.#options.heard, RATE_HZ);
    const flags = {
      'mic.backend': 'file',
      'mic.device': heardPath,
      'speaker.backend': 'file',
      'speaker.device': this.#playedPath,
      'hotword.engine': 'none',
      ...this.#options.settings,
    };
    const { config } = loadConfig({
      flags: new Map(Object.entries(flags)),
      env: {},
      systemFile: join(this.#folder, 'none.toml'),
      cwd: this.#folder,
    });
    const write = (line: string) => void this.lines.push(JSON.parse(line) as Record<string, unknown>);
    const log = pino({ level: 'debug' }, { write });
    const journal = new Journal(log);
    journal.watch(({ event, fields }) => {
      this.events.push({ name: event, fields: { ...fields }, atMs: this.clock.nowMs() });
      this.#watch.notify();
    });
    const app = new App({
      config,
      journal,
      log,
      clock: this.clock,
      random: Math.random,
      battery: this.#options.battery ?? { folder: join(this.#folder, 'no batteries') },
      onDisplay: (display) => {
        this.shown.push(display);
        this.#watch.notify();
      },
    });
    this.#app = app;
    await app.start();
    await this.until(() => this.state === 'listening', 'listening');
  }

  /** The present state's name. */
  get state(): string {
    return String(this.all('state.changed').at(-1)?.fields.to ?? 'idle');
  }

  /** All events of one name. */
  all<K extends EventName>(name: K): (InnerEvent & { fields: Events[K] })[] {
    return this.events.filter((entry): entry is InnerEvent & { fields: Events[K] } => entry.name === name);
  }

  /** Begins a conversation, or ends the present one. */
  talk(): void {
    this.#app?.talkOrStop();
  }

  /** Mutes, or listens again. */
  toggleMute(): void {
    this.#app?.toggleMute();
  }

  /** Resolves as soon as `holds` does, asked at every event and display. */
  async until(holds: () => boolean, what: string, timeoutMs = WAIT_LIMIT_MS): Promise<void> {
    const tail = () => JSON.stringify(this.events.slice(-12).map(({ name, fields }) => ({ name, ...fields })));
    await this.#watch.for(
      () => holds() || undefined,
      timeoutMs,
      () => `the inner device: ${what}; ${tail()}`,
    );
  }

  /** Everything that the loudspeaker has played. */
  async played(): Promise<Int16Array> {
    return (await readWav(this.#playedPath)).samples;
  }

  /** Ends the program. May be called twice. */
  async stop(): Promise<void> {
    await this.#app?.close();
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
    this.#folder = '';
  }

  get #playedPath(): string {
    return join(this.#folder, 'played.wav');
  }
}

/** Starts an inner device for one test; it goes away with the test. */
export async function startInnerDevice(test: TestContext, options: InnerDeviceOptions): Promise<InnerDevice> {
  const device = new InnerDevice(options);
  test.after(() => device.stop());
  await device.start();
  return device;
}
