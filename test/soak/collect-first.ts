/**
 * Loaded into the program in front of it (`NODE_OPTIONS=--import …`): before a black box is written, garbage is collected
 * and what is left is written beside it; where a file `snapshot-wanted` lies there, also a snapshot of the heap.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queryObjects, setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';

// The children of the program are left as they are.
delete process.env.NODE_OPTIONS;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const folder = process.env.STATE_DIRECTORY ?? '.';
const count = () => queryObjects(Object, { format: 'count' });
// The first time costs objects of its own.
count();
process.on('SIGUSR2', () => {
  collect();
  const heapBytes = process.memoryUsage().heapUsed;
  writeFileSync(join(folder, 'heap.json'), JSON.stringify({ heapBytes, objects: count() }));
  if (isWanted()) writeHeapSnapshot(join(folder, 'heap.heapsnapshot'));
});

function isWanted(): boolean {
  try {
    rmSync(join(folder, 'snapshot-wanted'));
    return true;
  } catch {
    return false;
  }
}
