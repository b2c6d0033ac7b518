import assert from 'node:assert/strict';
import type { Device } from './device.js';
import type { LedState } from './leads.js';
import { untilHolds, zombies } from './process-tree.js';
import type { Room } from './room.js';

/** A device that works again is used again within this time. */
const BACK_MS = 3_000;
/** What a hanging child may take to be noticed: a microphone, the child of the speaker package, a player program. */
const MIC_HANGS_MS = 1_000;
const PACKAGE_HANGS_MS = 4_000;
/** Of a device that these are for: `session.reply_stall_ms`. */
export const REPLY_STALL_MS = 1_000;
/** The rest of a reply of 2.5 s, and how much later than that a player may say that it has been played. */
const PLAYER_HANGS_MS = REPLY_STALL_MS + 2_500 + 5_000;

/** To the child, or to its device: no sample moves, or it is not there any more. */
export type Fault = 'SIGKILL' | 'SIGABRT' | 'SIGSTOP' | 'starved' | 'unplugged';
const FAULTS: readonly Fault[] = ['SIGKILL', 'SIGABRT', 'SIGSTOP', 'starved', 'unplugged'];

/** What has a child, and how it is told from the others. */
export interface Part {
  name: string;
  /** What it is struck by. */
  faults: readonly Fault[];
  device: 'mic' | 'spk';
  backend: string;
  /** What the command line of its child has in it. */
  command: string;
  flags: string[];
  /** The states in which it has a child. */
  states: readonly LedState[];
  /** How long a stopped child may go unnoticed. */
  hangsMs: number;
}

const EVERY: readonly LedState[] = ['listening', 'hotwordDetected', 'userTurn', 'reply', 'draining'];
/** The states in which a reply sounds. */
export const PLAYING: readonly LedState[] = ['reply', 'draining'];

const mic = (backend: string, command: string): Part => ({
  ...{
    name: backend,
    faults: FAULTS,
    device: 'mic',
    backend,
    command,
    flags: [`--mic.backend=${backend}`],
    states: EVERY,
    hangsMs: MIC_HANGS_MS,
  },
});
const spk = (backend: string, command: string, states: readonly LedState[], hangsMs: number): Part => ({
  ...{ name: backend, faults: FAULTS },
  ...{ device: 'spk', backend, command, flags: [`--speaker.backend=${backend}`, '--mic.backend=arecord'] },
  ...{ states, hangsMs },
});

/** A player that plays silence where there is nothing else to play; one that hangs then is noticed by the next reply. */
const keptAwake = (part: Part): Part => ({
  ...{ ...part, name: `${part.name}, kept awake`, flags: [...part.flags, '--speaker.keep_alive=true'] },
  ...{ states: ['listening', 'userTurn', 'reply'], faults: ['SIGKILL', 'SIGABRT'] },
});

/** Every kind of child that plays. */
export const PLAYERS: readonly Part[] = [
  spk('speaker', 'package-child', ['muted', ...EVERY], PACKAGE_HANGS_MS),
  spk('aplay', 'aplay ', PLAYING, PLAYER_HANGS_MS),
  spk('pacat', 'stream-name=loud', PLAYING, PLAYER_HANGS_MS),
];

/** Every kind of child. */
export const PARTS: readonly Part[] = [
  mic('naudiodon', 'naudiodon-child'),
  mic('arecord', 'arecord '),
  mic('parecord', 'parecord '),
  ...PLAYERS,
  ...PLAYERS.map(keptAwake),
];

/** Where a child is struck. */
type Place = Pick<Room, 'sound' | 'device'>;

/** The process of a part's only child. */
export function childOf(device: Device, { command }: Part): number {
  const [child, ...others] = device.children().filter((one) => one.command.includes(command));
  assert.ok(child && others.length === 0, `one child "${command}", not ${others.length + (child ? 1 : 0)}`);
  return child.pid;
}

/** What strikes; resolves with what undoes it, which answers since when the device works again, where it had ceased to. */
type Strike = (place: Place, part: Part, pid: number) => Promise<() => Promise<number | undefined>>;

const signal =
  (name: NodeJS.Signals): Strike =>
  async (_place, _part, pid) => {
    process.kill(pid, name);
    return () => Promise.resolve(undefined);
  };

const STRIKES: Readonly<Record<Fault, Strike>> = {
  SIGKILL: signal('SIGKILL'),
  SIGABRT: signal('SIGABRT'),
  SIGSTOP: signal('SIGSTOP'),
  starved: async ({ sound }, { device }) => {
    await sound.stall(device);
    return () => sound.resume(device);
  },
  unplugged: async ({ sound }, { device }) => {
    await sound.unplug(device);
    return () => sound.plug(device);
  },
};

/** A loudspeaker that only hangs is no loss where nobody but the reply has noticed: the reply is given up then. */
function isNoticed({ device, backend }: Part, fault: Fault): boolean {
  return device === 'mic' || (fault !== 'starved' && (fault !== 'SIGSTOP' || backend === 'speaker'));
}

/** How long a fault that ends nothing may go unnoticed. */
function noticedAfterMs({ device, hangsMs }: Part, fault: Fault): number {
  if (fault === 'starved') return device === 'mic' ? hangsMs : PLAYER_HANGS_MS;
  return fault === 'SIGSTOP' ? hangsMs : 0;
}

/**
 * Strikes the child of a part, and waits until the device is well again, which is when it is in the state `rest`; answers
 * how many milliseconds that took, from when there was something to be well with.
 */
export async function overcome(place: Place, part: Part, fault: Fault, rest: 'idle' | 'listening'): Promise<number> {
  const { device } = place;
  const [lost, ready] =
    part.device === 'mic' ? (['mic.lost', 'mic.ready'] as const) : (['speaker.lost', 'speaker.ready'] as const);
  device.mark();
  const pid = childOf(device, part);
  let fromMs = performance.now();
  let limitMs = BACK_MS + noticedAfterMs(part, fault);
  const mend = await STRIKES[fault](place, part, pid);
  if (isNoticed(part, fault)) {
    await device.waitFor(lost, { timeoutMs: limitMs });
    const mendedAtMs = await mend();
    if (mendedAtMs !== undefined) {
      fromMs = mendedAtMs;
      limitMs = BACK_MS;
    }
    await device.waitFor(ready, { timeoutMs: limitMs });
  } else {
    await device.waitForState('listening', limitMs);
    await mend();
  }
  await device.waitForState(rest, limitMs);
  const wellAtMs = Math.max(device.all('state.changed').at(-1)?.atMs ?? 0, device.all(ready).at(-1)?.atMs ?? 0);
  const tookMs = wellAtMs - fromMs;
  assert.ok(tookMs <= limitMs, `${tookMs} ms`);
  await nothingLeft(device, fault === 'starved' ? undefined : pid);
  return tookMs;
}

/** A child dies a moment after it was killed, and is a zombie until the device has heard of it; not for longer. */
async function nothingLeft(device: Device, struck: number | undefined): Promise<void> {
  const left = () => [...zombies(device.pid), ...device.children().filter(({ pid }) => pid === struck)];
  const isNone = () => left().length === 0;
  await untilHolds(isNone, 1_000, () => `still there: ${JSON.stringify(left())}`);
}
