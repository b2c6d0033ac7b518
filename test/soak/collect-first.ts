/**
 * Loaded into the program in front of it (`NODE_OPTIONS=--import …`): garbage is collected before a black box is
 * written, so that the heap in its first line is what the program really holds.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// The children of the program are left as they are.
delete process.env.NODE_OPTIONS;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
process.on('SIGUSR2', () => collect());
