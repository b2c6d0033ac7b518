import { pino } from 'pino';
import { App, type AppParts } from '../../src/app.js';
import type { Clock } from '../../src/clock.js';
import { loadConfig } from '../../src/config.js';
import { type AppEar, DEAF_EAR } from '../../src/hotword/deaf-ear.js';
import type { EarListener } from '../../src/hotword/ear-keeper.js';
import { HotwordListener } from '../../src/hotword/listener.js';
import { Journal } from '../../src/log.js';
import { FAULTS } from '../helpers/gemitars-faults.js';
import { END, hum, SESSION_END, START } from '../helpers/gemitars-faults-parts.js';
import { Promises } from './promises.js';
import { VirtualNetwork } from './virtual-network.js';
import { VirtualEngine, VirtualMicrophone, VirtualSpeaker } from './virtual-sound.js';
import { VirtualTime } from './virtual-time.js';

/** Limits short enough that sequences of events meet them. */
const SETTINGS: Readonly<Record<string, string>> = {
  'server.url': 'ws://virtual/',
  'hotword.refractory_ms': '500',
  'session.turn_limit_ms': '8000',
  'session.idle_limit_ms': '4000',
  'session.reply_stall_ms': '2000',
  'session.reply_limit_ms': '8000',
  'link.retry_max_ms': '5000',
  'speaker.buffer_limit_ms': '10000',
};

/** What a wrong program would be made of. */
export type Tamper = (parts: AppParts & { clock: Clock }) => Partial<AppParts & { clock: Clock }>;

/** How a reply is sent. */
export interface VirtualReply {
  soundMs: number;
  /** Times real time. */
  speed: number;
  /** The last audio comes behind the end marker. */
  isOvertaken: boolean;
}

const REPLY_CHUNK_MS = 100;
/** What a fault or a reply of the server may take. */
const FAULT_LIMIT_MS = 120_000;
/** A reply to its limit, what then still waits to be played, and a turn in which somebody speaks: the limits below together. */
const REST_LIMIT_MS = 40_000;
const CLOSE_LIMIT_MS = 5_000;
/** Timers of a device that listens: link, heartbeat, network watch, microphone, silence between sounds. */
const IDLE_TIMERS = 12;
/** What the program says itself when its engine fails. */
const EXPECTED_ERRORS = /hotword engine failed/;

/** The whole program, with everything around it in memory and on a clock that moves when told to. */
export class World {
  readonly time: VirtualTime;
  readonly microphone: VirtualMicrophone;
  readonly speaker: VirtualSpeaker;
  readonly engine: VirtualEngine;
  readonly network: VirtualNetwork;
  readonly promises: Promises;
  /** What happened, a line each. */
  readonly story: string[] = [];
  readonly #app: App;
  readonly #config;
  readonly #errors: string[] = [];
  #isMuted = false;
  #running = 0;

  /** `tamper` may replace parts by wrong ones, to show that it is noticed. */
  constructor(settings: Readonly<Record<string, string>>, tamper?: Tamper) {
    const flags = new Map(Object.entries({ ...SETTINGS, ...settings }));
    const { config } = loadConfig({ flags, env: {}, systemFile: '', cwd: '.' });
    this.#config = config;
    this.time = new VirtualTime(() => this.promises.check());
    this.microphone = new VirtualMicrophone(this.time);
    this.speaker = new VirtualSpeaker(this.time);
    this.engine = new VirtualEngine(this.time, this.microphone);
    this.promises = new Promises({
      config,
      clock: this.time,
      microphone: this.microphone,
      speaker: this.speaker,
      engine: this.engine,
      isMuted: () => this.#isMuted,
      isReachable: () => this.#isReachable,
    });
    this.network = new VirtualNetwork(this.time, this.promises);
    const write = (line: string) => void this.#errors.push(line);
    const log = pino({ level: 'error' }, { write });
    const journal = new Journal(log);
    journal.watch((entry) => {
      this.promises.note(entry);
      this.#tell(`${entry.event} ${JSON.stringify(entry.fields)}`);
    });
    const parts = {
      microphone: this.microphone,
      speaker: this.speaker,
      makeEar: (listener: EarListener) => this.#makeEar(listener),
      openSocket: this.network.openSocket,
      clock: this.time,
    };
    const { clock, ...rest } = { ...parts, ...tamper?.(parts) };
    this.#app = new App({ config, journal, log, clock, random: () => 0.5, parts: rest });
  }

  get #isReachable(): boolean {
    const { weather, server } = this.network;
    return weather === 'open' && server.isRunning && Object.keys(server.welcome).length === 0 && this.#running === 0;
  }

  /** In this thread, where time is virtual. */
  async #makeEar(listener: EarListener): Promise<AppEar> {
    const engine = await this.engine.make();
    const ear = new HotwordListener({ engine, refractoryMs: this.#config.hotword.refractory_ms, ...listener });
    return {
      ...DEAF_EAR,
      engine: engine.name,
      phrases: engine.phrases,
      feed: (samples) => ear.feed(samples),
      reset: (position) => ear.reset(position),
      rest: () => ear.rest(),
      during: (situation) => ear.during(situation),
      close: async () => engine.close(),
    };
  }

  /** Starts the program; resolves when it listens and is connected. */
  async start(): Promise<void> {
    await this.#app.start();
    await this.#reach(() => this.promises.state === 'listening' && this.promises.isUp, 'listening');
  }

  hotword(): void {
    this.#tell('* hotword');
    this.engine.say();
  }

  key(): void {
    this.#tell('* key');
    this.#app.talkOrStop();
  }

  mute(): void {
    this.#tell('* mute');
    this.#app.toggleMute();
    this.#isMuted = !this.#isMuted;
    this.promises.trouble();
  }

  hurry(): void {
    this.#app.hurryLink();
  }

  engineFails(): void {
    this.#tell('* the engine fails');
    this.engine.fail();
    this.promises.trouble();
  }

  /** A reply of the server, while other things happen. */
  reply(reply: VirtualReply): void {
    this.#tell(`* reply ${JSON.stringify(reply)}`);
    this.#inBackground(this.#reply(reply));
  }

  endSession(): void {
    this.#tell('* the server ends the session');
    void this.network.server.send(SESSION_END);
  }

  /** A fault of the server, while other things happen. */
  fault(name: string): void {
    this.#tell(`* fault ${name}`);
    const fault = FAULTS[name];
    if (!fault) throw new Error(`there is no fault ${name}`);
    const pause = (ms: number) => new Promise<void>((resolve) => this.time.setTimeout(resolve, ms));
    this.#inBackground(fault.run({ server: this.network.server, config: this.#config, pause }));
  }

  /** Everything around the device is in order again, and it must come to rest and work as on its first day. */
  async heal(): Promise<void> {
    this.#tell('* everything is in order again');
    this.network.weather = 'open';
    this.microphone.isThere = true;
    this.microphone.starve(0);
    this.microphone.zero(0);
    this.speaker.mood = 'fine';
    this.speaker.plug(true);
    this.engine.mend();
    if (this.#isMuted) this.mute();
    await this.#reach(() => this.#running === 0, 'the end of replies and faults', FAULT_LIMIT_MS);
    // What is under way arrives, and a hotword said last counts no more.
    await this.time.pass(2 * this.#config.hotword.refractory_ms);
    await this.#reach(() => this.promises.state === 'listening', 'listening again (promise 4)');
    await this.#converse();
  }

  /** Ends the program, and nothing of it may be left. */
  async stop(): Promise<void> {
    this.promises.release();
    const isClosed = await this.time.settling(this.#app.close(), CLOSE_LIMIT_MS);
    if (!isClosed) throw new Error('the program does not end');
    if (this.microphone.isOpen) throw new Error('the microphone is still open');
    await this.time.pass(CLOSE_LIMIT_MS);
    const timers = this.time.pending - this.#running;
    if (timers > 0) throw new Error(`${timers} timers outlive the program (promise 8)`);
    const unexpected = this.#errors.find((line) => !EXPECTED_ERRORS.test(line));
    if (unexpected !== undefined) throw new Error(`the program reports a failure of its own: ${unexpected}`);
  }

  async #converse(): Promise<void> {
    const { counts } = this.promises;
    const replies = counts['reply.completed'] ?? 0;
    this.hotword();
    await this.#reach(() => this.promises.state === 'activeSession.userTurn', 'a conversation');
    this.microphone.speak(500);
    await this.time.pass(800);
    await this.#reply({ soundMs: 300, speed: 4, isOvertaken: false }, true);
    await this.#reach(() => (counts['reply.completed'] ?? 0) === replies + 1, 'a reply played');
    await this.#reach(() => this.promises.state === 'activeSession.userTurn', 'the next turn');
    this.endSession();
    await this.#reach(() => this.promises.state === 'listening', 'the end of a conversation');
    await this.time.pass(1_000);
    if (this.time.pending > IDLE_TIMERS) throw new Error(`${this.time.pending} timers are left (promise 8)`);
  }

  async #reply({ soundMs, speed, isOvertaken }: VirtualReply, isPassing = false): Promise<void> {
    const { server } = this.network;
    const pause = (ms: number) =>
      isPassing ? this.time.pass(ms) : new Promise<void>((resolve) => this.time.setTimeout(resolve, ms));
    await server.send(START);
    for (let ms = 0; ms < soundMs; ms += REPLY_CHUNK_MS) {
      if (isOvertaken && ms + REPLY_CHUNK_MS >= soundMs) await server.send(END);
      await server.send(CHUNK);
      await pause(REPLY_CHUNK_MS / speed);
    }
    if (!isOvertaken) await server.send(END);
  }

  #inBackground(work: Promise<void>): void {
    this.#running += 1;
    void work.finally(() => {
      this.#running -= 1;
    });
  }

  async #reach(holds: () => boolean, what: string, limitMs = REST_LIMIT_MS): Promise<void> {
    if (await this.time.until(holds, limitMs)) return;
    throw new Error(`not within ${limitMs} ms: ${what}; in ${this.promises.state}`);
  }

  #tell(line: string): void {
    this.story.push(`${String(Math.round(this.time.nowMs())).padStart(7)} ${line}`);
  }
}

const CHUNK = hum(REPLY_CHUNK_MS);
