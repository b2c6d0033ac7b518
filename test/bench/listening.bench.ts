import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LEAN_NODE } from '../../src/pcm/node-child.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { VirtualSound } from '../helpers/virtual-sound.js';
import { Client, Workplace } from './client.js';
import { report } from './figures.js';
import { enginesHere } from './hotword/engines.js';
import { costOver, type ProcessCost } from './process-cost.js';

/*
 * What the program costs while it waits for its hotword, and how soon it does: see README.md. BENCH_SECONDS says how long
 * each cost is measured, BENCH_STARTS how often it is started, BENCH_ONLY=arecord leaves out the other backends.
 */

const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
/** How often the cost is measured of one process. */
const WINDOWS = 3;
/** Leaves out the pairs of backends that do not have this in their names. */
const ONLY = process.env.BENCH_ONLY ?? '';
const STARTS = Number(process.env.BENCH_STARTS ?? 5);
/** Code is compiled and memory is given back before anything is measured: the cost is that of years. */
const SETTLE_MS = 25_000;
const HISS_DBFS = -60;
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const PAIRS = [
  ['naudiodon', 'speaker'],
  ['arecord', 'aplay'],
  ['parecord', 'pacat'],
] as const;
const LISTENING = '"to":"listening"';

const sound = new VirtualSound();
const workplace = new Workplace();
const server = new GemitarsServer();
const quoted = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;

function flagsFor(settings: Readonly<Record<string, string>>): string {
  const all = { 'server.url': server.url, 'log.format': 'json', ...settings };
  const flags = Object.entries(all).map(([key, value]) => quoted(`--${key}=${value}`));
  return ['--config', workplace.config, ...flags].join(' ');
}

async function started<T>(command: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(command, workplace.environment(sound.env));
  try {
    await client.says(LISTENING);
    return await use(client);
  } finally {
    await client.stop();
  }
}

/** The cost of listening to a room that hisses, over the program and all its children. */
async function listening(of: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const room = sound.play(whiteNoise(SETTLE_MS + WINDOWS * SECONDS * 1_000 + 5_000, HISS_DBFS));
  const command = `exec node ${LEAN_NODE.join(' ')} ${MAIN} run ${flagsFor(settings)}`;
  const costs: ProcessCost[] = [];
  await started(command, async ({ pid }) => {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    for (let window = 0; window < WINDOWS; window++) costs.push(await costOver(pid, SECONDS * 1_000));
  });
  await room;
  const cpu = costs.map(({ corePercent }) => corePercent);
  report({ bench: 'listening', what: 'CPU', of, unit: '% of a core', values: cpu });
  const what = `memory of ${costs[0]?.processes} processes (PSS)`;
  report({ bench: 'listening', what, of, unit: 'MB', values: costs.map(({ pssMb }) => pssMb) });
}

/** From `npm start`, with everything installed, to `listening`. */
async function starting(of: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const values: number[] = [];
  // The first `npm start` of a checkout installs what it needs.
  await promisify(execFile)('npm', ['start', '--', '--version']);
  for (let round = 0; round < STARTS; round++) {
    const fromMs = performance.now();
    values.push(await started(`npm start -- ${flagsFor(settings)}`, async () => performance.now() - fromMs));
  }
  report({ bench: 'listening', what: 'npm start → listening', of, unit: 'ms', values });
}

await workplace.open();
await sound.start();
await server.start();
try {
  const { rows, leftOut } = enginesHere(process.env);
  for (const { name, why } of leftOut) process.stdout.write(`  ${name} is left out: ${why}\n`);
  const engines = rows.map(({ name, settings, phrases }) => ({
    name,
    settings: { ...settings, 'hotword.phrases': phrases.includes('hey tars') ? 'hey tars' : (phrases[0] ?? '') },
  }));
  const off = { name: 'no engine', settings: { 'hotword.engine': 'none' } };
  for (const [microphone, loudspeaker] of PAIRS.filter((pair) => pair.join(' ').includes(ONLY))) {
    for (const engine of [off, ...engines]) {
      const backends = { 'mic.backend': microphone, 'speaker.backend': loudspeaker };
      await listening(`${microphone} and ${loudspeaker}, ${engine.name}`, { ...backends, ...engine.settings });
    }
    if (STARTS > 0) {
      const backends = { 'mic.backend': microphone, 'speaker.backend': loudspeaker };
      await starting(`${microphone} and ${loudspeaker}, pocketsphinx`, {
        ...backends,
        'hotword.engine': 'pocketsphinx',
      });
    }
  }
} finally {
  await server.stop();
  await sound.close();
  await workplace.close();
}
