import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from './clock.js';
import type { BatteryLevel } from './protocol/protocol.js';

/** Options of `BatteryWatch`. */
export interface BatteryWatchOptions {
  /** The kernel's list of power supplies. @default /sys/class/power_supply */
  folder?: string;
  /** @default 60000 milliseconds */
  everyMs?: number;
  clock: Clock;
  /** The battery is there, its level has changed, or (undefined) it is there no more. */
  onChange: (level: BatteryLevel | undefined) => void;
}

/** Follows the machine's own battery, where it has one. A machine with several is as full as they are on average. */
export class BatteryWatch {
  readonly #options: BatteryWatchOptions;
  #level: BatteryLevel | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: BatteryWatchOptions) {
    this.#options = options;
  }

  /** As it was read last; undefined before that, and without a battery. */
  get level(): BatteryLevel | undefined {
    return this.#level;
  }

  /** Reads now, and from time to time. */
  start(): void {
    void this.#read();
  }

  /** Reads no more. May be called twice. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    const { folder = '/sys/class/power_supply', everyMs = 60_000, clock, onChange } = this.#options;
    const level = await readBattery(folder);
    if (this.#isClosed) return;
    this.#timer = clock.setTimeout(() => void this.#read(), everyMs);
    if (isDeepStrictEqual(level, this.#level)) return;
    this.#level = level;
    onChange(level);
  }
}

/** The machine's own battery by the kernel's files; undefined where there is none. */
async function readBattery(folder: string): Promise<BatteryLevel | undefined> {
  const names = await readdir(folder).catch(() => []); // no such class in this kernel: no battery
  const supplies = await Promise.all(names.map((name) => readSupply(join(folder, name))));
  const batteries = supplies.filter((supply) => supply !== undefined);
  if (batteries.length === 0) return undefined;
  const sum = batteries.reduce((total, { percent }) => total + percent, 0);
  return {
    percent: Math.round(sum / batteries.length),
    isCharging: batteries.some(({ isCharging }) => isCharging),
  };
}

async function readSupply(folder: string): Promise<BatteryLevel | undefined> {
  // A file that is not there is an answer too: drivers have those that they know.
  const read = async (name: string) => (await readFile(join(folder, name), 'utf8').catch(() => '')).trim();
  const [type, scope, capacity, status] = await Promise.all(['type', 'scope', 'capacity', 'status'].map(read));
  // "Device" is the battery of a mouse or a headset.
  if (type !== 'Battery' || scope === 'Device' || !capacity) return undefined;
  const percent = Number(capacity);
  if (!(percent >= 0 && percent <= 100)) return undefined;
  return { percent: Math.round(percent), isCharging: status === 'Charging' };
}
