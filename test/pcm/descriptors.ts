import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { TestContext } from 'node:test';

/** Few, so that they are soon taken. */
const LIMIT = 256;

/** Takes all file descriptors that this process may have, until the answer is called or the test is over. */
export function takeDescriptors(test: TestContext): () => void {
  const { status } = spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${LIMIT}:`]);
  if (status !== 0) throw new Error(`prlimit ended with code ${status}`);
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    // That was the last of them.
  }
  const give = () => {
    for (const fd of taken.splice(0)) closeSync(fd);
  };
  test.after(give);
  return give;
}
