import { it } from 'node:test';
import { liveMany } from './living.js';

/** Of a failure, to live it again; and how many lives, which are others each time when no seed is named. */
const { TARS_SEED, TARS_PATH, TARS_RUNS } = process.env;
const RUNS = 150;
/** Any; named so that the same lives are lived each time. */
const SEED = 20_260_711;

it('whatever happens to the device, its promises hold', async (test) => {
  const seed = TARS_SEED === undefined ? undefined : Number(TARS_SEED);
  const { failure, counts, virtualMs } = await liveMany({
    runs: Number(TARS_RUNS ?? RUNS),
    seed: TARS_RUNS === undefined ? (seed ?? SEED) : seed,
    path: TARS_PATH,
  });
  test.diagnostic(`${Math.round(virtualMs / 1000)} s of life: ${JSON.stringify(counts)}`);
  if (failure !== undefined) throw new Error(failure);
});
