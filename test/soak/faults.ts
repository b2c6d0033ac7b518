import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../src/config.js';
import { FAULTS, type Fault } from '../helpers/gemitars-faults.js';
import { abandonedMs, deadPeerMs, hum, quietTurnMs, START, sendAll } from '../helpers/gemitars-faults-parts.js';

import type { Point } from './plan.js';
import type { Scene } from './scene.js';

/** Something that goes wrong with a device, its sound, its network or its server. */
export interface SoakFault {
  /** For a person. */
  what: string;
  at: readonly Point[];
  /** Does it; resolves when all is well again, except for what the device has to mend. */
  run(scene: Scene): Promise<void>;
  /** From where the time until the device listens again counts. */
  from: 'fault' | 'healing';
  /** So long it may take at most; `waitingMs`: sound of a reply that is still to be played. */
  limitMs(config: Config, waitingMs: number): number;
}

const ALWAYS: readonly Point[] = ['listening', 'userTurn', 'reply', 'draining'];
const IN_SESSION: readonly Point[] = ['userTurn', 'reply', 'draining'];

/** A lost device is found again within 3 s (design, and README's promises). */
const FOUND_MS = 3_000;
/** A capture without a chunk is given up after so long. */
const SILENT_CAPTURE_MS = 1_000;
/** A player that gives no sign of life is given up after so long. */
const SILENT_PLAYER_MS = 4_000;
/** A device that does not say that it has played what it was given is given up after so long. */
const SILENT_DRAIN_MS = 5_000;
const AWAY_MS = 700;
const LATE_MS = 12_000;
/** A new child has taken the place of an old one within these. */
const CHILD_ROUNDS = 10;
const CHILD_ROUND_MS = 200;

const CAPTURE = 'naudiodon-child';
const PLAYER = 'package-child';

/** The pid of the device's only child of a kind: one that is just being replaced would be struck for nothing. */
async function childOf({ device }: Scene, script: string): Promise<number> {
  for (let round = 0; round < CHILD_ROUNDS; round++) {
    const [child, other] = device.children().filter(({ command }) => command.includes(script));
    if (child && !other) return child.pid;
    await pause(CHILD_ROUND_MS);
  }
  throw new Error(`soak: the device does not have one ${script}`);
}

/** Resolves when the device has noticed that it cannot listen. */
async function untilDeaf({ device }: Scene): Promise<void> {
  await device.waitFor('state.changed', { where: ({ to }) => to === 'idle', timeoutMs: LATE_MS });
}

const captureSignal = (signal: NodeJS.Signals, noticedMs: number): SoakFault => ({
  what: `${signal} to the process of the microphone`,
  at: ALWAYS,
  from: 'fault',
  run: async (scene) => {
    const pid = await childOf(scene, CAPTURE);
    scene.device.mark();
    process.kill(pid, signal);
    await untilDeaf(scene);
  },
  limitMs: () => noticedMs + FOUND_MS,
});

const playerSignal = (signal: NodeJS.Signals, noticedMs: number): SoakFault => ({
  what: `${signal} to the process of the loudspeaker`,
  at: ALWAYS,
  from: 'fault',
  run: async (scene) => {
    const pid = await childOf(scene, PLAYER);
    scene.device.mark();
    process.kill(pid, signal);
    await scene.device.waitFor('speaker.lost', { timeoutMs: LATE_MS });
    await scene.device.waitFor('speaker.ready', { timeoutMs: LATE_MS });
  },
  limitMs: () => noticedMs + FOUND_MS,
});

const SOUND_FAULTS: Readonly<Record<string, SoakFault>> = {
  micKilled: captureSignal('SIGKILL', 0),
  micAborted: captureSignal('SIGABRT', 0),
  micStopped: captureSignal('SIGSTOP', SILENT_CAPTURE_MS),
  micUnplugged: {
    what: 'the microphone is unplugged, and plugged in again',
    at: ALWAYS,
    from: 'healing',
    run: async (scene) => {
      scene.device.mark();
      await scene.sound.unplug('mic');
      await untilDeaf(scene);
      await pause(AWAY_MS);
      await scene.sound.plug('mic');
    },
    limitMs: () => FOUND_MS,
  },
  micStalled: {
    what: 'the microphone gives no sample, and does again',
    at: ALWAYS,
    from: 'healing',
    run: async (scene) => {
      scene.device.mark();
      await scene.sound.stall('mic');
      await untilDeaf(scene);
      await pause(AWAY_MS);
      await scene.sound.resume('mic');
    },
    limitMs: () => FOUND_MS,
  },
  speakerKilled: playerSignal('SIGKILL', 0),
  speakerAborted: playerSignal('SIGABRT', 0),
  speakerStopped: playerSignal('SIGSTOP', SILENT_PLAYER_MS),
  speakerUnplugged: {
    what: 'the loudspeaker is unplugged, and plugged in again',
    at: ALWAYS,
    from: 'fault',
    run: async ({ sound }) => {
      await sound.unplug('spk');
      await pause(AWAY_MS);
      await sound.plug('spk');
    },
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs) + SILENT_DRAIN_MS,
  },
  speakerStalled: {
    what: 'the loudspeaker takes no sample, and does again',
    at: ALWAYS,
    from: 'fault',
    run: async ({ sound }) => {
      await sound.stall('spk');
      await pause(AWAY_MS);
      await sound.resume('spk');
    },
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs) + SILENT_DRAIN_MS,
  },
  soundServerRestarted: {
    what: 'PulseAudio is killed, and started again',
    at: ALWAYS,
    from: 'healing',
    run: async (scene) => {
      scene.device.mark();
      await scene.sound.kill();
      await untilDeaf(scene);
      await pause(AWAY_MS);
      await scene.sound.restart();
    },
    limitMs: () => FOUND_MS,
  },
};

const NETWORK_FAULTS: Readonly<Record<string, SoakFault>> = {
  networkCut: {
    what: 'the network drops the connection',
    at: ALWAYS,
    from: 'fault',
    run: async ({ relay }) => relay.drop(),
    limitMs: () => 0,
  },
  networkGone: {
    what: 'the network drops the connection and refuses others for a while',
    at: ALWAYS,
    from: 'fault',
    run: async ({ relay }) => {
      await relay.refuse();
      relay.drop();
      await pause(AWAY_MS);
      await relay.listen();
    },
    limitMs: () => 0,
  },
  networkBlackHole: {
    what: 'the network takes every packet until the device has given the connection up',
    at: ALWAYS,
    from: 'fault',
    run: async ({ relay, config }) => {
      relay.blackHole('both', true);
      await pause(deadPeerMs(config) + AWAY_MS);
      relay.drop();
      relay.blackHole('both', false);
    },
    limitMs: (config) => deadPeerMs(config),
  },
  networkSlow: {
    what: 'the network is late and irregular for two seconds',
    at: ALWAYS,
    from: 'fault',
    run: async ({ relay }) => {
      for (const way of [relay.weather.toServer, relay.weather.toClient]) way.delayMs = () => 50 + Math.random() * 150;
      await pause(2_000);
      await relay.heal();
    },
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs) + 400,
  },
  networkCutInFrame: {
    what: 'the connection is cut in the middle of a frame of a reply',
    at: ALWAYS,
    from: 'fault',
    run: async ({ relay, server }) => {
      relay.weather.toClient.bytesUntilCut = 1_234;
      // A device that is just not connected must not be struck in a later turn.
      if (!(await sendAll(server, START, hum(300)))) relay.weather.toClient.bytesUntilCut = Number.POSITIVE_INFINITY;
    },
    limitMs: () => 100,
  },
};

const PROCESS_FAULTS: Readonly<Record<string, SoakFault>> = {
  muted: {
    what: 'the device is muted, and unmuted',
    at: ALWAYS,
    from: 'healing',
    run: async (scene) => {
      scene.device.mark();
      scene.device.signal('SIGURG');
      await untilDeaf(scene);
      scene.device.signal('SIGURG');
    },
    limitMs: () => FOUND_MS,
  },
  dialled: {
    what: 'SIGHUP: the device is told to dial while it is connected',
    at: ALWAYS,
    from: 'fault',
    run: async ({ device }) => device.signal('SIGHUP'),
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs),
  },
  starved: {
    what: 'the device as a whole does not run for a second and a half',
    at: ALWAYS,
    from: 'healing',
    run: async ({ device }) => {
      device.signal('SIGSTOP');
      await pause(1_500);
      device.signal('SIGCONT');
    },
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs),
  },
  nobodySpeaks: {
    what: 'the person says no more and the server waits',
    at: IN_SESSION,
    from: 'fault',
    run: async () => undefined,
    limitMs: (config, waitingMs) => Math.max(abandonedMs(config, waitingMs), quietTurnMs(config)),
  },
};

/** A fault of the server's, as the soak strikes with it. */
function ofServer(fault: Fault): SoakFault {
  return {
    what: fault.what,
    at: ALWAYS,
    from: 'fault',
    run: ({ server, config }) => fault.run({ server, config, pause }),
    limitMs: (config, waitingMs) => fault.limitMs(config, waitingMs),
  };
}

/** Everything that the soak strikes with. */
export const SOAK_FAULTS: Readonly<Record<string, SoakFault>> = {
  ...Object.fromEntries(Object.entries(FAULTS).map(([name, fault]) => [name, ofServer(fault)])),
  ...SOUND_FAULTS,
  ...NETWORK_FAULTS,
  ...PROCESS_FAULTS,
};
