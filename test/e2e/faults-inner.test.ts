import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { loadConfig } from '../../src/config.js';
import { FAULTS, type Fault, type FaultConfig } from '../helpers/gemitars-faults.js';
import { END, hum, START } from '../helpers/gemitars-faults-parts.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { type InnerDevice, startInnerDevice } from '../helpers/inner-device.js';
import { RATE_HZ } from '../helpers/sound-tap.js';

/** Of the device's clock. */
const SPEED = 10;
/** What a busy machine may add to a limit, on the device's clock; test/property holds the device to the limits exactly. */
const SLACK_MS = 10_000;
/** What waits to be played where a fault strikes a reply. */
const WAITING_MS = 300;

const SETTINGS = {
  'session.connect_grace_ms': '6000',
  'session.turn_limit_ms': '5000',
  'session.idle_limit_ms': '2500',
  'session.reply_stall_ms': '1000',
  'session.reply_limit_ms': '2000',
  'session.settle_ms': '50',
  'link.retry_base_ms': '500',
  'link.retry_max_ms': '1000',
  'link.ping_session_ms': '1000',
  'cues.enabled': 'false',
};

/** A device with its server. */
interface Scene {
  device: InnerDevice;
  server: GemitarsServer;
  config: FaultConfig;
}

const reach = (scene: Scene, state: string) => scene.device.until(() => scene.device.state === state, state);

/** Begins a conversation; resolves when the server has heard of it. */
async function begin(scene: Scene): Promise<void> {
  const { device, server } = scene;
  const hotwords = server.all('hotword_detected').length;
  device.talk();
  await reach(scene, 'activeSession.userTurn');
  await server.until(() => server.all('hotword_detected').length > hotwords, 2_000, 'hotword_detected');
}

/** How a state is reached in which a fault then strikes. */
const STATES: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  listening: async (scene) => {
    await scene.server.until(() => scene.server.isConnected, 10_000, 'a connection');
  },
  hotwordDetected: async (scene) => {
    const { device, server } = scene;
    await server.crash();
    await agree(scene);
    const opened = server.all('open').length;
    device.talk();
    await server.start();
    await server.until(() => server.all('open').length > opened, 10_000, 'a connection');
  },
  'activeSession.userTurn': begin,
  'activeSession.reply': async (scene) => {
    await begin(scene);
    await scene.server.send(START);
    await scene.server.send(hum(WAITING_MS));
    await reach(scene, 'activeSession.reply');
  },
  'activeSession.draining': async (scene) => {
    await begin(scene);
    for (const message of [START, hum(WAITING_MS), END]) await scene.server.send(message);
    await reach(scene, 'activeSession.draining');
  },
};

/** Resolves when device and server know the same of the connection, and nothing is under way. */
async function agree({ device, server }: Scene): Promise<void> {
  await server.heard();
  // A refused connection counts as one until it is closed.
  const open = () => server.all('open').length - server.all('close').length;
  await server.until(() => open() === Number(server.isConnected), 5_000, 'the end of refused connections');
  const isUp = () => device.events.findLast(({ name }) => name.startsWith('link.'))?.name === 'link.up';
  await device.until(() => isUp() === server.isConnected, 'the connection as the server sees it');
}

/** Lets the fault strike; returns how long the device was away from listening, on its clock. */
async function strike(scene: Scene, fault: Fault, limitMs: number): Promise<number> {
  const { device, server, config } = scene;
  const fromMs = device.clock.nowMs();
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms / SPEED));
  const running = fault.run({ server, config, pause });
  await device.until(
    () => device.state === 'listening',
    `listening within ${limitMs} ms`,
    (limitMs + SLACK_MS) / SPEED,
  );
  const back = device.all('state.changed').at(-1);
  await running;
  await agree(scene);
  assert.equal(device.state, 'listening');
  return Math.max(0, (back?.atMs ?? fromMs) - fromMs);
}

/** One turn with a server that behaves. */
async function converse(scene: Scene): Promise<void> {
  const { device, server } = scene;
  await begin(scene);
  const completed = server.all('playback_complete').length;
  await server.reply(new Int16Array(RATE_HZ / 10).fill(1_000), { speed: SPEED });
  await server.until(() => server.all('playback_complete').length > completed, 5_000, 'playback_complete');
  await server.endSession();
  await reach(scene, 'listening');
  assert.equal(server.all('playback_complete').length, completed + 1);
  assert.equal(device.state, 'listening');
}

async function setTheScene(test: TestContext): Promise<Scene> {
  const server = new GemitarsServer();
  test.after(() => server.stop());
  await server.start();
  const settings = { ...SETTINGS, 'server.url': server.url };
  const { config } = loadConfig({ flags: new Map(Object.entries(settings)), env: {}, systemFile: '', cwd: '.' });
  const device = await startInnerDevice(test, { settings, heard: new Int16Array(RATE_HZ), speed: SPEED });
  return { device, server, config };
}

describe('a faulty server', { concurrency: true }, () => {
  for (const [state, lead] of Object.entries(STATES)) {
    it(`whatever the server does in ${state}, the device listens again in time and the next conversation works`, async (test) => {
      const scene = await setTheScene(test);
      for (const [name, fault] of Object.entries(FAULTS)) {
        await test.test(name, async () => {
          await lead(scene);
          const waitingMs = state === 'listening' ? 0 : WAITING_MS;
          const connectMs = state === 'hotwordDetected' ? scene.config.session.connect_grace_ms : 0;
          const limitMs = fault.limitMs(scene.config, waitingMs) + connectMs;
          const tookMs = await strike(scene, fault, limitMs);
          test.diagnostic(`${name}: ${Math.round(tookMs)} of ${limitMs} ms`);
          await converse(scene);
        });
      }
    });
  }
});
