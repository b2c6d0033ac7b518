import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../../src/config.js';
import { Device } from '../helpers/device.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { Relay } from '../helpers/relay.js';
import { VirtualSound } from '../helpers/virtual-sound.js';
import { heldBytesOf } from './held.js';

/** Keys of the configuration by path. */
export type Settings = Readonly<Record<string, string>>;

/** The program's own limits, except that no reply lasts for minutes here. */
export const DEFAULT_LIMITS: Settings = { 'session.reply_limit_ms': '10000' };

/** Limits that make a turn in which everything goes wrong last seconds. */
export const SHORT_LIMITS: Settings = {
  'session.connect_grace_ms': '1500',
  'session.turn_limit_ms': '10000',
  'session.idle_limit_ms': '4000',
  // Not shorter: the test's own server shares a busy machine.
  'session.reply_stall_ms': '4000',
  'session.reply_limit_ms': '4000',
  'speaker.buffer_limit_ms': '10000',
  'link.retry_first_ms': '200',
  'link.retry_base_ms': '300',
  'link.retry_max_ms': '2000',
  'link.stable_ms': '1000',
  // For the same reason.
  'link.ping_idle_ms': '2000',
  'link.ping_session_ms': '1500',
  'link.pong_timeout_ms': '1500',
};

const PRELOAD = fileURLToPath(new URL('./collect-first.js', import.meta.url));
const START_LIMIT_MS = 30_000;
/** With a snapshot of the heap, on a busy machine. */
const LOOK_LIMIT_MS = 30_000;
/** Of the sound, for the question whether a reply was heard. */
const KEEP_MS = 20_000;

/** The heap of a device's main process after a collection. */
export interface Heap {
  heapBytes: number;
  /** Live JavaScript objects, functions and arrays among them. */
  objects: number;
  /** Without what V8 keeps about the program; undefined where nobody looked so closely. */
  heldBytes: number | undefined;
}

/** A device of its own with sound, network and server of its own, all of which can be made to fail. */
export class Scene {
  readonly sound = new VirtualSound(KEEP_MS);
  readonly server = new GemitarsServer();
  readonly config: Config;
  readonly #settings: Settings;
  #relay: Relay | undefined;
  #device: Device | undefined;
  #folder = '';

  constructor(settings: Settings) {
    this.#settings = settings;
    const sources = { env: {}, systemFile: '/nonexistent', flags: new Map(Object.entries(settings)) };
    this.config = loadConfig(sources).config;
  }

  /** Starts everything; resolves when the device listens. */
  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'tars-soak-'));
    await this.sound.start();
    await this.server.start();
    this.#relay = new Relay(Number(new URL(this.server.url).port));
    await this.#relay.listen();
    await this.#startDevice();
  }

  get device(): Device {
    if (!this.#device) throw new Error('Scene: start() it first');
    return this.#device;
  }

  /** The network between the device and its server. */
  get relay(): Relay {
    if (!this.#relay) throw new Error('Scene: start() it first');
    return this.#relay;
  }

  /** Ends the device as it is and starts another one, for one that is of no use any more. */
  async replaceDevice(): Promise<void> {
    await this.#device?.stop();
    await this.#startDevice();
  }

  /** The lines of a black box that the device writes now. */
  async blackBox(): Promise<Record<string, unknown>[]> {
    this.device.mark();
    this.device.signal('SIGUSR2');
    const { to } = await this.device.waitFor('blackbox.written', { timeoutMs: LOOK_LIMIT_MS });
    const lines = (await readFile(to, 'utf8')).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /**
   * What the heap of the device's main process holds after a collection, and how many objects are among it. With `isThorough`
   * also what of it the program itself holds, which makes the process stop for a moment and grow once.
   */
  async heap(isThorough: boolean): Promise<Heap> {
    const snapshot = join(this.#folder, 'heap.heapsnapshot');
    if (isThorough) await writeFile(join(this.#folder, 'snapshot-wanted'), '');
    await this.blackBox();
    const heap = JSON.parse(await readFile(join(this.#folder, 'heap.json'), 'utf8')) as Omit<Heap, 'heldBytes'>;
    if (!isThorough) return { ...heap, heldBytes: undefined };
    const held = await heldBytesOf(snapshot);
    await rm(snapshot);
    return { ...heap, heldBytes: held };
  }

  /** Ends everything. Throws AssertionError where the device leaves a process behind. */
  async close(): Promise<void> {
    try {
      await this.#device?.stop();
    } finally {
      await this.#relay?.close();
      await this.server.stop();
      await this.sound.close();
      if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    }
  }

  async #startDevice(): Promise<void> {
    const device = new Device({
      env: this.sound.env,
      variables: { STATE_DIRECTORY: this.#folder, NODE_OPTIONS: `--import ${PRELOAD}` },
      flags: [
        `--server.url=ws://127.0.0.1:${this.relay.port}`,
        // For failures: what the children said.
        '--log.level=debug',
        ...Object.entries(this.#settings).map(([key, value]) => `--${key}=${value}`),
      ],
    });
    this.#device = device;
    await device.start();
    await device.waitForState('listening', START_LIMIT_MS);
    await device.waitFor('speaker.ready', { timeoutMs: START_LIMIT_MS });
    await device.waitFor('link.up', { timeoutMs: START_LIMIT_MS });
  }
}
