/**
 * Loaded into the program in front of it (`NODE_OPTIONS=--import …`): before a black box is written, garbage is collected
 * and what is left is written beside it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// The children of the program are left as they are.
delete process.env.NODE_OPTIONS;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const path = join(process.env.STATE_DIRECTORY ?? '.', 'heap.json');
process.on('SIGUSR2', () => {
  collect();
  const { code_and_metadata_size, bytecode_and_metadata_size } = getHeapCodeStatistics();
  const heapBytes = process.memoryUsage().heapUsed;
  // What V8 compiles comes for a long time, and more of it where functions take new ways.
  const codeBytes = code_and_metadata_size + bytecode_and_metadata_size;
  writeFileSync(path, JSON.stringify({ heapBytes, dataBytes: heapBytes - codeBytes }));
});
