import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Device } from '../helpers/device.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { VirtualSound } from '../helpers/virtual-sound.js';
import { report } from './figures.js';
import { costOver } from './process-cost.js';

/*
 * What an open status page costs the device: CPU time of program and children while it listens to a quiet room, where the
 * engine rests, in turns with and without a page, and what the page makes of difference in each turn. BENCH_ROUNDS says how
 * often, BENCH_SECONDS how long each time.
 */

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 4);
/** The start's own work is over, and the engine has found out that the room is quiet. */
const SETTLE_MS = 25_000;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);

const sound = new VirtualSound();
const server = new GemitarsServer();
await sound.start();
await server.start();
const device = new Device({
  env: sound.env,
  flags: [`--server.url=${server.url}`, '--page.enabled', '--page.listen=127.0.0.1:0', '--mic.backend=arecord'],
});
try {
  await device.start();
  await device.waitForState('listening', 15_000);
  const { url } = await device.waitFor('page.ready');
  const shares: Record<'alone' | 'watched', number[]> = { alone: [], watched: [] };
  let messages = 0;
  await sleep(SETTLE_MS);
  for (let round = 0; round < ROUNDS; round++) {
    shares.alone.push((await costOver(device.pid, SECONDS * 1_000)).corePercent);
    const page = new WebSocket(`${url.replace('http', 'ws')}live`, { origin: new URL(url).origin });
    page.on('message', () => {
      messages += 1;
    });
    shares.watched.push((await costOver(device.pid, SECONDS * 1_000)).corePercent);
    page.terminate();
  }
  if (messages < ROUNDS * SECONDS * 5) throw new Error(`the page got only ${messages} messages`);
  for (const [of, values] of Object.entries(shares))
    report({ bench: 'page', what: 'CPU', of, unit: '% of a core', values });
  const costs = shares.watched.map((share, round) => share - (shares.alone[round] ?? Number.NaN));
  report({ bench: 'page', what: 'CPU', of: 'watched - alone', unit: '% of a core', values: costs });
} finally {
  await device.stop();
  await server.stop();
  await sound.close();
}
