import { heldBytes } from '../helpers/heap.js';
import { goThroughTroubles, TROUBLES } from '../property/troubles.js';
import { World } from '../property/world.js';
import { fit } from '../soak/vitals.js';
import { report } from './figures.js';

/*
 * What thousands of conversations leave behind: the whole program on a virtual clock, each second conversation struck by a
 * fault of the server or the loss of a part. BENCH_CONVERSATIONS says how many.
 */

const CONVERSATIONS = Number(process.env.BENCH_CONVERSATIONS ?? 3_000);
/** Of the conversations, in which caches fill. */
const WARM_UP = 100;

const world = new World({});
await world.start();
// Numbers only: this program must not be what grows.
const counts: number[] = [];
const objects: number[] = [];
const heapsMb: number[] = [];
for (let count = 0; count < CONVERSATIONS; ) {
  const alive = await goThroughTroubles(world);
  count += 2 * TROUBLES.length;
  if (count <= WARM_UP) continue;
  counts.push(count);
  objects.push(alive);
  heapsMb.push(heldBytes() / 1024 / 1024);
}
await world.stop();
const slopeOf = (values: readonly number[]) => fit(counts.map((count, i) => [count, values[i] ?? Number.NaN]));
const perConversation = slopeOf(objects);
const heap = slopeOf(heapsMb);
process.stdout.write(
  `  ${counts.at(-1)} conversations, half of them struck, after the first ${WARM_UP}: ` +
    `${perConversation.slope.toFixed(4)} ± ${perConversation.error.toFixed(4)} objects and ` +
    `${(heap.slope * 1024 * 1024).toFixed(0)} ± ${(heap.error * 1024 * 1024).toFixed(0)} bytes of heap (without compiled code) each\n`,
);
report({ bench: 'memory', what: 'objects alive', of: 'the program', unit: '', values: objects });
report({ bench: 'memory', what: 'heap without compiled code', of: 'the program', unit: 'MB', values: heapsMb });
