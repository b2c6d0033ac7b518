import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** What this process's heap holds after a collection, without the code that V8 has compiled, in bytes. */
export function heldBytes(): number {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  const { code_and_metadata_size, bytecode_and_metadata_size } = getHeapCodeStatistics();
  return process.memoryUsage().heapUsed - code_and_metadata_size - bytecode_and_metadata_size;
}

/**
 * What a step leaves on the heap each time, in bytes: the least of three rounds of `steps`, because what is made once (a cache, what V8
 * learns) falls into one round and a leak into all.
 */
export async function keptPerStep(steps: number, run: (steps: number) => Promise<void>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = heldBytes();
    await run(steps);
    rounds.push((heldBytes() - before) / steps);
  }
  return Math.min(...rounds);
}
