import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { PcmChild } from '../../src/pcm/child.js';
import { takeDescriptors } from './descriptors.js';

/** More than a pipe holds. */
const MUCH = new Uint8Array(4 * 2 ** 20);

const spec = { name: 'child', pcm: 'stdin' as const, remedy: '' };

function childOf(t: TestContext, command: string, ...args: string[]): PcmChild {
  const child = new PcmChild({ ...spec, command, args }, pino({ level: 'silent' }));
  t.after(() => child.kill());
  return child;
}

function signal({ pid }: PcmChild, name: NodeJS.Signals): void {
  assert.ok(pid);
  process.kill(pid, name);
}

function listenersOf({ input }: PcmChild): number {
  return input.listenerCount('drain') + input.listenerCount('close');
}

describe('the pipe into a child', () => {
  it('is writable when the child has taken what was written, and nothing stays of whoever waited', async (t) => {
    const child = childOf(t, '/bin/sh', '-c', 'exec cat > /dev/null');
    const before = listenersOf(child);
    for (let i = 0; i < 3; i++) {
      // One that reads while it is written to may take all of it at once.
      signal(child, 'SIGSTOP');
      assert.equal(child.input.write(MUCH), false);
      const waiting = Promise.all([child.writable(), child.writable()]);
      signal(child, 'SIGCONT');
      await waiting;
      assert.equal(child.input.writableNeedDrain, false);
    }
    assert.equal(listenersOf(child), before);
    await child.writable();
  });

  it('is waited for no more when the child is gone', async (t) => {
    const child = childOf(t, '/bin/sleep', '60');
    assert.equal(child.input.write(MUCH), false);
    const waiting = child.writable();
    await child.kill();
    await waiting;
    await child.writable();
  });
});

describe('what a child prints', () => {
  /** Runs a shell script to its end; resolves with why it ended, and with the lines of the log that it is quoted in. */
  async function quoted(script: string, pcm: 'stdin' | 'stdout') {
    const lines: Record<string, unknown>[] = [];
    const log = pino({ level: 'debug' }, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
    const child = new PcmChild({ ...spec, command: '/bin/sh', args: ['-c', script], pcm }, log);
    child.output.resume();
    const { why } = await child.exited;
    const quotes = lines.filter(({ msg }) => msg === 'child says');
    assert.ok(quotes.every((line) => line.child === 'child' && line.level === pino.levels.values.debug));
    return { why, said: quotes.map(({ line }) => line) };
  }

  it('becomes debug lines, and its last words are why it ended', async () => {
    const { why, said } = await quoted('echo "opens hw:0" >&2; echo; printf "no such device" >&2; exit 3', 'stdin');
    assert.deepEqual(said, ['opens hw:0', 'no such device']);
    assert.equal(why, 'child ended with code 3: no such device');
  });

  it('on its standard output is quoted too where no PCM comes out of it, and never where some does', async () => {
    assert.deepEqual((await quoted('echo words', 'stdin')).said, ['words']);
    assert.deepEqual((await quoted('echo samples; echo words >&2', 'stdout')).said, ['words']);
  });
});

describe('a child that the system has no room for', () => {
  /** All that is done to a child, with one that never was. */
  async function isGone(child: PcmChild): Promise<string> {
    child.input.on('error', (error) => assert.fail(error));
    assert.equal(child.input.write(MUCH), false);
    await child.writable();
    child.input.end();
    child.output.on('data', () => assert.fail('it says something'));
    child.onMessage(() => assert.fail('it says something'));
    child.post({});
    const { code, signal, why } = await child.kill();
    assert.deepEqual([code, signal, child.isGone], [null, null, true]);
    await once(child.input, 'close');
    return why;
  }

  it('is gone with what the system says, without a file descriptor for its pipes', async (t) => {
    const give = takeDescriptors(t);
    const child = childOf(t, '/bin/cat');
    const why = isGone(child);
    give();
    assert.match(await why, /^child did not start: .*EMFILE/);
  });

  it('is gone with what the system says, where starting it throws', async (t) => {
    assert.match(await isGone(childOf(t, '/bin/cat', 'x'.repeat(2 ** 22))), /^child did not start: .*E2BIG/);
  });
});
