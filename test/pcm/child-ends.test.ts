import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { type ChildSpec, PcmChild } from '../../src/pcm/child.js';

function shell(t: TestContext, script: string, spec: Partial<ChildSpec> = {}) {
  const lines: unknown[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (text: string) => lines.push((JSON.parse(text) as { line?: string }).line) },
  );
  const args = ['-c', script];
  const child = new PcmChild({ name: 'child', command: '/bin/sh', args, pcm: 'stdout', remedy: '', ...spec }, log);
  t.after(() => child.kill());
  return { child, said: () => lines.filter((line) => line !== undefined) };
}

describe('a child that is ended', () => {
  it('is given up where it does not go away, and nothing more of it is heard', async (t) => {
    // What holds its pipes open is as good as a process that hangs in the kernel.
    const { child } = shell(t, 'sleep 4 & echo; exec sleep 60');
    await once(child.output, 'data');
    const fromMs = performance.now();
    const { why } = await child.kill();
    assert.equal(why, 'child cannot be ended; its device hangs');
    assert.ok(performance.now() - fromMs >= 1_990);
    assert.deepEqual([child.isGone, child.output.destroyed], [true, true]);
    assert.equal((await child.kill()).why, why);
  });
});

describe('what a child says', () => {
  it('ends it where it means that it does something else from now on', async (t) => {
    const { child } = shell(t, 'echo "moved to another" >&2; exec sleep 60', { astray: /^moved/ });
    assert.equal((await child.exited).why, 'child was ended by SIGKILL: moved to another');
  });

  it('is told but for what it says without need, without what is for a terminal', async (t) => {
    const { child, said } = shell(t, `printf 'Time: 1\\rTime: 2\\rgone astray\\033[K\\n' >&2; exit 3`, {
      usual: /^Time/,
    });
    assert.equal((await child.exited).why, 'child ended with code 3: gone astray');
    assert.deepEqual(said(), ['gone astray']);
  });
});
