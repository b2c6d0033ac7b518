import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Device } from '../helpers/device.js';
import { LEADS, type LedState } from '../helpers/leads.js';
import { untilHolds, zombies } from '../helpers/process-tree.js';
import { furnish, type Room } from '../helpers/room.js';

/** A device that works again is used again within this time. */
const BACK_MS = 3_000;
/** What a hanging child may take to be noticed: a microphone, the child of the speaker package, a player program. */
const MIC_HANGS_MS = 1_000;
const PACKAGE_HANGS_MS = 4_000;
const REPLY_STALL_MS = 1_000;
/** The rest of a reply of 2.5 s, and how much later than that a player may say that it has been played. */
const PLAYER_HANGS_MS = REPLY_STALL_MS + 2_500 + 5_000;

/** To the child, or to its device: no sample moves, or it is not there any more. */
type Fault = 'SIGKILL' | 'SIGABRT' | 'SIGSTOP' | 'starved' | 'unplugged';
const FAULTS: readonly Fault[] = ['SIGKILL', 'SIGABRT', 'SIGSTOP', 'starved', 'unplugged'];

interface Part {
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
const PLAYING: readonly LedState[] = ['reply', 'draining'];

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

const PARTS: readonly Part[] = [
  spk('speaker', 'package-child', ['muted', ...EVERY], PACKAGE_HANGS_MS),
  mic('naudiodon', 'naudiodon-child'),
  mic('arecord', 'arecord '),
  mic('parecord', 'parecord '),
  spk('aplay', 'aplay ', PLAYING, PLAYER_HANGS_MS),
  spk('pacat', 'stream-name=loud', PLAYING, PLAYER_HANGS_MS),
  keptAwake(spk('aplay', 'aplay ', PLAYING, PLAYER_HANGS_MS)),
];

function childOf(device: Device, { command }: Part): number {
  const [child, ...others] = device.children().filter((one) => one.command.includes(command));
  assert.ok(child && others.length === 0, `one child "${command}", not ${others.length + (child ? 1 : 0)}`);
  return child.pid;
}

/** What strikes; resolves with what undoes it, which answers whether there was anything to undo. */
type Strike = (room: Room, part: Part, pid: number) => Promise<() => Promise<boolean>>;

const signal =
  (name: NodeJS.Signals): Strike =>
  async (_room, _part, pid) => {
    process.kill(pid, name);
    return () => Promise.resolve(false);
  };

const STRIKES: Readonly<Record<Fault, Strike>> = {
  SIGKILL: signal('SIGKILL'),
  SIGABRT: signal('SIGABRT'),
  SIGSTOP: signal('SIGSTOP'),
  starved: async ({ sound }, { device }) => {
    await sound.stall(device);
    return () => sound.resume(device).then(() => true);
  },
  unplugged: async ({ sound }, { device }) => {
    await sound.unplug(device);
    return () => sound.plug(device).then(() => true);
  },
};

/** A loudspeaker that only hangs is no loss where nobody but the reply has noticed: the reply is given up then. */
function isNoticed({ backend }: Part, fault: Fault): boolean {
  return fault !== 'starved' && (fault !== 'SIGSTOP' || backend === 'speaker');
}

/** A loudspeaker is hungry only while it plays. Without a device every state is the same but for what is told of it. */
function isStruck({ device }: Part, fault: Fault, state: LedState): boolean {
  if (fault === 'unplugged') return device === 'spk' ? PLAYING.includes(state) : ['listening', 'reply'].includes(state);
  return fault !== 'starved' || device === 'mic' || PLAYING.includes(state);
}

/** How long a fault that ends nothing may go unnoticed. */
function noticedAfterMs({ device, hangsMs }: Part, fault: Fault): number {
  if (fault === 'starved') return device === 'mic' ? hangsMs : PLAYER_HANGS_MS;
  return fault === 'SIGSTOP' ? hangsMs : 0;
}

/** Strikes in a state, and waits until all is well again; answers how long that took. */
async function survive(room: Room, part: Part, fault: Fault, state: LedState): Promise<number> {
  const { server, device } = room;
  const told = { playback_complete: PLAYING.includes(state) ? 1 : 0, session_end: isSession(state) ? 1 : 0 };
  const before = { playback_complete: count(room, 'playback_complete'), session_end: count(room, 'session_end') };
  const led = await LEADS[state](room);
  device.mark();
  const pid = childOf(device, part);
  let fromMs = performance.now();
  const limitMs = BACK_MS + noticedAfterMs(part, fault);
  const mend = await STRIKES[fault](room, part, pid);
  if (part.device === 'mic') {
    // Nothing can be heard before the device is there again.
    await device.waitFor('mic.lost', { timeoutMs: limitMs });
    if (await mend()) fromMs = performance.now();
    await device.waitFor('mic.ready', { timeoutMs: limitMs });
  } else if (isNoticed(part, fault)) {
    await device.waitFor('speaker.lost', { timeoutMs: limitMs });
    if (await mend()) fromMs = performance.now();
    await device.waitFor('speaker.ready', { timeoutMs: limitMs });
  } else {
    await device.waitForState('listening', limitMs);
    await mend();
  }
  await device.waitForState(state === 'muted' ? 'idle' : 'listening', limitMs);
  const tookMs = performance.now() - fromMs;
  assert.ok(tookMs <= limitMs, `${tookMs} ms`);
  for (const [message, number] of Object.entries(told)) {
    const known = before[message as keyof typeof before];
    await server.until(() => count(room, message) >= known + number, 1_000, `${number} more ${message}`);
    assert.equal(count(room, message) - known, number, message);
  }
  await nothingLeft(device, fault === 'starved' ? undefined : pid);
  await led.restore();
  return tookMs;
}

/** A child dies a moment after it was killed, and is a zombie until the device has heard of it; not for longer. */
async function nothingLeft(device: Device, struck: number | undefined): Promise<void> {
  const left = () => [...zombies(device.pid), ...device.children().filter(({ pid }) => pid === struck)];
  const isNone = () => left().length === 0;
  await untilHolds(isNone, 1_000, () => `still there: ${JSON.stringify(left())}`);
}

const count = ({ server }: Room, message: string) => server.all(message).length;
const isSession = (state: LedState) => ['userTurn', 'reply', 'draining'].includes(state);

describe('a child that is killed, aborted, stopped or starved, in every state', { concurrency: 2 }, () => {
  for (const part of PARTS) {
    it(`${part.name}: listening again in time, and the server is told once`, { timeout: 240_000 }, async (test) => {
      const quick = [
        '--cues.enabled=false',
        '--hotword.refractory_ms=500',
        `--session.reply_stall_ms=${REPLY_STALL_MS}`,
      ];
      const room = await furnish(test, { flags: [...part.flags, ...quick] });
      let replies = 0;
      for (const fault of part.faults) {
        const states = part.states.filter((state) => isStruck(part, fault, state));
        const took: string[] = [];
        for (const state of states) {
          try {
            took.push(`${state} ${Math.round(await survive(room, part, fault, state))}`);
          } catch (error) {
            throw new Error(`${part.name} ${fault} in ${state}: ${error}`, { cause: error });
          }
          replies += PLAYING.includes(state) ? 1 : 0;
        }
        test.diagnostic(`${part.name} ${fault}: well again after ms: ${took.join(', ')}`);
      }
      // Stopped for a moment and continued, nothing is lost, and the conversation goes on.
      const led = await LEADS[part.device === 'mic' ? 'userTurn' : 'draining'](room);
      room.device.mark();
      const pid = childOf(room.device, part);
      process.kill(pid, 'SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 300));
      process.kill(pid, 'SIGCONT');
      if (part.device === 'mic') await room.server.reply(new Int16Array(1_600));
      await room.device.waitFor('reply.completed');
      await led.restore();
      await room.device.waitForState('activeSession.userTurn');
      await room.server.until(() => count(room, 'playback_complete') > replies, 1_000, 'the last playback_complete');
      assert.equal(count(room, 'playback_complete'), replies + 1);
      if (part.device === 'mic') assert.equal(childOf(room.device, part), pid);
      assert.equal(room.device.state, 'activeSession.userTurn');
    });
  }
});
