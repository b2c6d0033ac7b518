import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { PcmChild } from '../../src/pcm/child.js';

/** More than a pipe holds. */
const MUCH = new Uint8Array(4 * 2 ** 20);

function childOf(script: string): PcmChild {
  const spec = { name: 'child', command: '/bin/sh', args: ['-c', script], pcm: 'stdin' as const, remedy: '' };
  return new PcmChild(spec, pino({ level: 'silent' }));
}

function listenersOf({ input }: PcmChild): number {
  return input.listenerCount('drain') + input.listenerCount('close');
}

describe('the pipe into a child', () => {
  it('is writable when the child has taken what was written, and nothing stays of whoever waited', async () => {
    const child = childOf('cat > /dev/null');
    const before = listenersOf(child);
    for (let i = 0; i < 3; i++) {
      assert.equal(child.input.write(MUCH), false);
      await Promise.all([child.writable(), child.writable()]);
      assert.equal(child.input.writableNeedDrain, false);
    }
    assert.equal(listenersOf(child), before);
    await child.writable();
    await child.kill();
  });

  it('is waited for no more when the child is gone', async () => {
    const child = childOf('exec sleep 60');
    assert.equal(child.input.write(MUCH), false);
    const waiting = child.writable();
    await child.kill();
    await waiting;
    await child.writable();
  });
});
