/**
 * The soak: the built program with virtual sound, a server that fails in every known way, and a network, microphones and
 * loudspeakers that fail too. `npm run soak -- --turns 1000 --devices 4 --seed 7 --limits both`
 */
import { parseArgs } from 'node:util';
import { report } from './report.js';
import { soak } from './soak.js';

/** A run that takes longer ends with what it has. */
const LIMIT_MS = 3 * 3_600_000;

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '1000' },
    devices: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    limits: { type: 'string', default: 'both' },
  },
});
const [turns, devices, seed] = [values.turns, values.devices, values.seed].map(Number);
if (!turns || !devices || seed === undefined || !Number.isInteger(turns + devices + seed) || turns < devices) {
  process.stderr.write('usage: npm run soak -- [--turns N] [--devices N] [--seed N] [--limits both|short]\n');
  process.exit(64);
}

const beganAtMs = performance.now();
const note = (line: string) => {
  const atS = ((performance.now() - beganAtMs) / 1000).toFixed(1).padStart(7);
  process.stderr.write(`${atS} ${line}\n`);
};
note(`--turns ${turns} --devices ${devices} --seed ${seed} --limits ${values.limits}`);
const records = await soak({
  seed,
  turns,
  devices,
  slackMs: 1_000,
  hasDefaults: values.limits !== 'short',
  say: note,
  signal: AbortSignal.timeout(LIMIT_MS),
});
const { text, isGood } = report(records, performance.now() - beganAtMs);
process.stdout.write(text);
process.exit(isGood ? 0 : 1);
