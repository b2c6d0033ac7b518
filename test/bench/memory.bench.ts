import { goThroughTroubles, TROUBLES } from '../property/troubles.js';
import { World } from '../property/world.js';
import { fit } from '../soak/vitals.js';

/*
 * What thousands of conversations leave behind: the whole program on a virtual clock, each second conversation struck by a
 * fault of the server or the loss of a part. BENCH_CONVERSATIONS says how many.
 */

const CONVERSATIONS = Number(process.env.BENCH_CONVERSATIONS ?? 1_000);
/** Of the conversations, in which caches fill. */
const WARM_UP = 100;

const world = new World({});
await world.start();
// Numbers only: this program must not be what grows.
const counts: number[] = [];
const objects: number[] = [];
for (let count = 0; count < CONVERSATIONS; ) {
  const alive = await goThroughTroubles(world);
  count += 2 * TROUBLES.length;
  if (count <= WARM_UP) continue;
  counts.push(count);
  objects.push(alive);
}
await world.stop();
const { slope, error } = fit(counts.map((count, i) => [count, objects[i] ?? Number.NaN]));
const seconds = (process.cpuUsage().user / 1e6).toFixed(0);
process.stdout.write(
  `${counts.at(-1)} conversations, half of them struck, in ${seconds} s of CPU time: after the first ${WARM_UP} ` +
    `${slope.toFixed(4)} ± ${error.toFixed(4)} objects each, ${objects.join(', ')}\n`,
);
