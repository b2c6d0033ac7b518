import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../src/errors.js';
import { abandonedMs } from '../helpers/gemitars-faults-parts.js';
import { within } from '../helpers/processes.js';
import { SOAK_FAULTS } from './faults.js';
import { type ConversationPlan, makePlan, type Point, seededRandom } from './plan.js';
import { DEFAULT_LIMITS, Scene, SHORT_LIMITS } from './scene.js';
import { answer, DeafDevice, goodbye, lead, speakOn, untilWell, wake } from './turns.js';
import { type Vitals, vitalsOf, WARM_UP_TURNS } from './vitals.js';
import { lastWayBack } from './ways-back.js';

/** So much beyond its limit a device is called stuck, not late. */
const STUCK_MS = 15_000;
/** Some faults last for several times the longest of the device's limits. */
const FAULT_LIMIT_MS = 180_000;
const VITALS_EVERY_TURNS = 5;
/** Between two looks at what the heap is made of, which begin where memory counts. */
const THOROUGH_EVERY_TURNS = 25;
/** The microphone's process and the loudspeaker's. */
const CHILDREN = 2;
const SETTLE_ROUNDS = 50;
const SETTLE_ROUND_MS = 100;
/** The device with the default limits takes longer for a turn, and gets fewer. */
const DEFAULT_SHARE = 0.4;

/** Options of `soak`. */
export interface SoakOptions {
  seed: number;
  turns: number;
  devices: number;
  /** The last device runs with the program's own limits. */
  hasDefaults: boolean;
  /** What a busy machine may add to a limit: the devices, their sound and their servers share it. */
  slackMs: number;
  /** Is told what happens. */
  say: (line: string) => void;
  signal: AbortSignal;
}

/** A strike and how the device came back from it. */
interface Strike {
  fault: string;
  at: Point;
  device: number;
  /** From the fault or its healing until the device listened again; 0 where it always did. */
  backMs: number;
  limitMs: number;
  /** Why the conversation ended, by the device's own word. */
  reason: string;
}

/** What a device has gone through. */
export interface DeviceRecord {
  device: number;
  limits: 'short' | 'default';
  tried: number;
  /** Turns with a reply that was heard to its end. */
  completed: number;
  /** Turns that ended otherwise, each in time. */
  ended: number;
  /** Turns that should have been completed and were ended by one of the device's limits. */
  broken: number;
  /** Turns from which the device did not come back. */
  stuck: number;
  /** Ways back that took longer than their limit. */
  late: number;
  /** Hotwords said in vain. */
  vain: string[];
  strikes: Strike[];
  vitals: Vitals[];
  /** Each with what the device said, for a person. */
  failures: string[];
  /** Messages of microphone sound outside of every conversation. */
  strayBlocks: number;
  /** The machine's load average of a minute, at each look. */
  loads: number[];
}

/** Runs every device through its part of the turns; resolves when all are through, or the signal aborts. */
export async function soak(options: SoakOptions): Promise<DeviceRecord[]> {
  const shares = sharesOf(options);
  return Promise.all(shares.map((turns, index) => soakDevice(options, index, turns)));
}

/** How many turns each device takes. */
function sharesOf({ turns, devices, hasDefaults }: SoakOptions): number[] {
  const weights = Array.from({ length: devices }, (_, i) => (hasDefaults && i === devices - 1 ? DEFAULT_SHARE : 1));
  const sum = weights.reduce((a, b) => a + b, 0);
  const shares = weights.map((weight) => Math.floor((turns * weight) / sum));
  const rest = turns - shares.reduce((a, b) => a + b, 0);
  return shares.map((share, i) => share + (i === 0 ? rest : 0));
}

async function soakDevice(options: SoakOptions, index: number, turns: number): Promise<DeviceRecord> {
  const isDefault = options.hasDefaults && index === options.devices - 1;
  const faults = Object.fromEntries(Object.entries(SOAK_FAULTS).map(([name, { at }]) => [name, at]));
  const seed = options.seed * 1_000 + index;
  const scene = new Scene(isDefault ? DEFAULT_LIMITS : SHORT_LIMITS);
  const limits = isDefault ? 'default' : 'short';
  const run = new DeviceRun(scene, { ...options, device: index, limits, random: seededRandom(seed + 500) });
  try {
    await scene.start();
    for (const plan of makePlan({ seed, turns, faults })) {
      if (options.signal.aborted) break;
      await run.converse(plan);
    }
    await run.finish();
  } finally {
    await scene.close();
  }
  return run.record;
}

interface RunOptions extends SoakOptions {
  device: number;
  limits: 'short' | 'default';
  random: () => number;
}

/** One device's way through its plan. */
class DeviceRun {
  readonly record: DeviceRecord;
  readonly #scene: Scene;
  readonly #random: () => number;
  readonly #say: (line: string) => void;
  readonly #slackMs: number;
  #thoroughFrom = WARM_UP_TURNS;

  constructor(scene: Scene, options: RunOptions) {
    const { device, limits } = options;
    this.#scene = scene;
    this.#random = options.random;
    this.#slackMs = options.slackMs;
    this.#say = (line) => options.say(`device ${device}: ${line}`);
    this.record = {
      device,
      limits,
      tried: 0,
      completed: 0,
      ended: 0,
      broken: 0,
      stuck: 0,
      late: 0,
      vain: [],
      strikes: [],
      vitals: [],
      failures: [],
      strayBlocks: 0,
      loads: [],
    };
  }

  /** One conversation; what goes wrong in it is noted, and a device that is of no use any more is replaced. */
  async converse(plan: ConversationPlan): Promise<void> {
    const { record } = this;
    const before = Math.floor(record.tried / VITALS_EVERY_TURNS);
    try {
      await this.#goThrough(plan);
    } catch (error) {
      await this.#noteFailure(plan, error);
    }
    if (Math.floor(record.tried / VITALS_EVERY_TURNS) > before) await this.#look();
  }

  /** A last look, when processes that were just being replaced are gone. */
  async finish(): Promise<void> {
    for (let round = 0; round < SETTLE_ROUNDS && this.#scene.device.children().length > CHILDREN; round++) {
      await pause(SETTLE_ROUND_MS);
    }
    await this.#look();
    this.record.strayBlocks = this.#scene.server.strayBlocks().length;
  }

  async #goThrough({ goodTurns, strike }: ConversationPlan): Promise<void> {
    const { record } = this;
    const scene = this.#scene;
    record.tried += 1;
    await untilWell(scene, STUCK_MS);
    if (strike?.at === 'listening') await this.#strike(strike.fault, strike.at);
    await untilWell(scene, STUCK_MS);
    let from = scene.server.received.length;
    record.vain.push(...(await wake(scene, this.#random)).vain);
    for (let turn = 1; turn <= goodTurns; turn++) {
      await answer(scene, from, this.#random);
      record.completed += 1;
      record.tried += 1;
      from = scene.server.received.length;
      await speakOn(scene, this.#random);
    }
    if (strike && strike.at !== 'listening') {
      await this.#strike(strike.fault, strike.at);
      record.ended += 1;
      return;
    }
    await answer(scene, from, this.#random);
    record.completed += 1;
    await goodbye(scene);
  }

  async #strike(name: string, at: Point): Promise<void> {
    const fault = SOAK_FAULTS[name];
    if (!fault) throw new Error(`soak: no fault ${name}`);
    const { device, config } = this.#scene;
    const waitingMs = await lead(this.#scene, at);
    const from = device.lines.length;
    const beganAtMs = performance.now();
    await within(fault.run(this.#scene), FAULT_LIMIT_MS, () => name);
    const baseMs = fault.from === 'fault' ? beganAtMs : performance.now();
    const limitMs = fault.limitMs(config, waitingMs) + this.#slackMs;
    const leftMs = baseMs + limitMs + STUCK_MS - performance.now();
    await device.waitForState('listening', Math.max(STUCK_MS, leftMs));
    const since = device.lines.slice(from);
    const back = lastWayBack(since);
    const backMs = Math.max(0, (back?.atMs ?? baseMs) - baseMs);
    const ended = since.find(({ event }) => event === 'session.ended');
    const reason = at === 'listening' ? 'no conversation' : String(ended?.reason ?? back?.why ?? 'none told');
    this.record.strikes.push({ fault: name, at, device: this.record.device, backMs, limitMs, reason });
    if (backMs <= limitMs) return;
    this.record.late += 1;
    this.#complain(`${name} at ${at}: back after ${Math.round(backMs)} ms, limit ${limitMs} ms`);
  }

  async #noteFailure({ strike }: ConversationPlan, error: unknown): Promise<void> {
    const scene = this.#scene;
    const where = strike ? `${strike.fault} at ${strike.at}` : 'no fault';
    this.#complain(`turn ${this.record.tried} (${where}), ${scene.device.state}: ${messageOf(error)}`);
    const box = await scene.blackBox().catch((why: unknown) => [{ why: messageOf(why) }]);
    this.#say(`its black box:\n${box.map((line) => JSON.stringify(line)).join('\n')}`);
    scene.server.welcome = {};
    await scene.relay.heal();
    const isBack = await untilWell(scene, abandonedMs(scene.config, 0) + STUCK_MS).then(
      () => true,
      () => false,
    );
    // A device that does not hear the person any more is of no more use than one that never listens again.
    if (isBack && !(error instanceof DeafDevice)) {
      this.record.broken += 1;
      return;
    }
    this.record.stuck += 1;
    await scene.replaceDevice();
  }

  async #look(): Promise<void> {
    const { record } = this;
    await untilWell(this.#scene, STUCK_MS);
    const isThorough = record.tried >= this.#thoroughFrom;
    if (isThorough) this.#thoroughFrom += THOROUGH_EVERY_TURNS;
    const vitals = await vitalsOf(this.#scene, record.tried, isThorough);
    record.vitals.push(vitals);
    record.loads.push(loadavg()[0] ?? 0);
    const { heapBytes, heldBytes, objects, ownBytes, files, children } = vitals;
    const size = (what: string, bytes: number) => `${what} ${(bytes / 2 ** 20).toFixed(2)} MiB`;
    const held = heldBytes === undefined ? [] : [size('of it held', heldBytes)];
    const memory = [`${objects} objects`, size('heap', heapBytes), ...held, size('own memory', ownBytes)].join(', ');
    this.#say(
      `turn ${record.tried}: ${record.completed} completed, ${record.ended} ended, ${memory}, ${files} files, ${children} children`,
    );
  }

  #complain(text: string): void {
    this.record.failures.push(text.split('\n')[0] ?? '');
    this.#say(`FAILURE ${text}\n${this.#scene.device.tail()}`);
  }
}
