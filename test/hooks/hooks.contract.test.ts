import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { type HookSettings, Hooks } from '../../src/hooks/hooks.js';
import { Journal } from '../../src/log.js';
import { withVariable } from '../helpers/process-tree.js';
import { Watch } from '../helpers/watch.js';

const ENV = { PATH: process.env.PATH, HOME: '/nowhere', TARS_SERVER_TOKEN_FILE: '/secret', NOTIFY_SOCKET: '/run/x' };

async function setUp(test: TestContext, on: HookSettings['on'], limits: Partial<HookSettings> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tars-hooks-'));
  const lines: Record<string, unknown>[] = [];
  const watch = new Watch();
  const log = pino(
    { level: 'debug' },
    {
      write: (text: string) => {
        lines.push(JSON.parse(text));
        watch.notify();
      },
    },
  );
  const journal = new Journal(log);
  const settings = { on, timeoutMs: 5_000, atOnce: 4, ...limits };
  const hooks = new Hooks(settings, { journal, env: { ...ENV, TMPDIR: folder }, clock: systemClock, log });
  hooks.start();
  test.after(async () => {
    await hooks.close();
    await rm(folder, { recursive: true });
  });
  const said = (msg: string) =>
    watch.for(
      () => lines.find((line) => line.msg === msg),
      10_000,
      () => `"${msg}" in ${JSON.stringify(lines)}`,
    );
  /** Resolves with what a hook said on stderr that begins so. */
  const heard = async (start: string) =>
    watch.for(
      () => lines.find((line) => String(line.line).startsWith(start))?.line,
      10_000,
      () => `"${start}" in ${JSON.stringify(lines)}`,
    );
  return { folder, lines, journal, hooks, settings, said, heard, read: () => readFile(join(folder, 'out'), 'utf8') };
}

const sh = (script: string) => ['sh', '-c', script];
const muted = { from: 'listening', to: 'idle', why: 'mute' };

describe('a hook', () => {
  it('gets the event and its fields, what a program needs, and nothing else', async (test) => {
    const { folder, journal, hooks, read } = await setUp(test, {
      'hotword.ready': sh('env >"$TMPDIR/out"; pwd >>"$TMPDIR/out"'),
    });
    journal.record('hotword.ready', { engine: 'pocketsphinx', phrases: ['hey tars', 'stop'] });
    await hooks.close();
    const lines = (await read()).split('\n');
    // What the shell itself adds.
    const told = lines.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line) && line !== '').toSorted();
    assert.deepEqual(told, [
      '/',
      'HOME=/nowhere',
      `PATH=${process.env.PATH}`,
      'TARS_ENGINE=pocketsphinx',
      'TARS_EVENT=hotword.ready',
      'TARS_PHRASES=hey tars',
      `TMPDIR=${folder}`,
      'stop',
    ]);
  });

  it('is run without a shell: neither its arguments nor what a server says is a command', async (test) => {
    const { journal, hooks, read } = await setUp(test, {
      'session.ended': ['sh', '-c', 'printf "%s|%s" "$1" "$TARS_REASON" >"$TMPDIR/out"', 'sh', '$HOME; $(pwd)'],
    });
    journal.record('session.ended', { reason: '`pwd`; $(pwd)', ms: 1 });
    await hooks.close();
    assert.equal(await read(), '$HOME; $(pwd)|`pwd`; $(pwd)');
  });

  it('names a phrase\u2019s event', async (test) => {
    const { journal, hooks, read } = await setUp(test, {
      'hotword.event:lights': sh('echo "$TARS_NAME by $TARS_PHRASE" >>"$TMPDIR/out"'),
      'hotword.event:blinds': sh('echo wrong >>"$TMPDIR/out"'),
    });
    journal.record('hotword.event', { name: 'lights', phrase: 'let there be light' });
    await hooks.close();
    assert.equal(await read(), 'lights by let there be light\n');
  });

  it('that takes too long is ended with all that it has started', async (test) => {
    const marker = `hook-${process.pid}`;
    const { journal, said } = await setUp(
      test,
      { 'session.started': sh(`HOOK_TEST=${marker} sleep 60 & HOOK_TEST=${marker} sleep 60`) },
      { timeoutMs: 500 },
    );
    journal.record('session.started', { turn: 1 });
    const { hook, timeoutMs } = await said('a hook took too long and was ended');
    assert.deepEqual([hook, timeoutMs], ['session.started', 500]);
    for (let round = 0; round < 200 && withVariable(`HOOK_TEST=${marker}`).length > 0; round++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(withVariable(`HOOK_TEST=${marker}`), []);
  });

  it('beyond those that may run at once is dropped, and counted', async (test) => {
    const { journal, said, read } = await setUp(
      test,
      { 'state.changed': sh('echo x >>"$TMPDIR/out"; until [ -e "$TMPDIR/go" ]; do sleep 0.02; done') },
      { atOnce: 2, timeoutMs: 1_000 },
    );
    for (let event = 0; event < 7; event++) journal.record('state.changed', muted);
    await said('2 hooks run already; what comes now is dropped');
    const { dropped } = await said('so many hooks were dropped');
    assert.equal(dropped, 5);
    assert.equal(await read(), 'x\nx\n');
  });

  it('tells what it says on stderr, that it failed, and that it is not there', async (test) => {
    const { journal, said, heard } = await setUp(test, {
      'session.started': sh('echo too dark >&2; exit 3'),
      'session.ended': ['/nowhere/lights'],
    });
    journal.record('session.started', { turn: 1 });
    journal.record('session.ended', { reason: '', ms: 0 });
    assert.equal((await said('a hook failed')).code, 3);
    assert.equal(await heard('too dark'), 'too dark');
    assert.equal((await said('a hook did not start')).why, '/nowhere/lights is not there; give its whole path');
  });

  it('follows a changed configuration', async (test) => {
    const { journal, hooks, settings, read } = await setUp(test, { 'session.started': sh('echo old >"$TMPDIR/out"') });
    hooks.configure({ ...settings, on: { 'session.started': sh('echo new >"$TMPDIR/out"') } });
    journal.record('session.started', { turn: 1 });
    await hooks.close();
    assert.equal(await read(), 'new\n');
  });

  it('of the very end may finish, for two seconds', async (test) => {
    const { journal, hooks, read } = await setUp(test, {
      'client.stopped': sh('sleep 0.3; echo "ended with $TARS_CODE" >"$TMPDIR/out"; sleep 60'),
    });
    journal.record('client.stopped', { code: 0 });
    const beganMs = performance.now();
    await hooks.close();
    assert.ok(performance.now() - beganMs < 3_500);
    assert.equal(await read(), 'ended with 0\n');
  });

  it('that cannot be ended, as one that became root by sudo, is told and left; the device ends without it', async (test) => {
    const { journal, hooks, said } = await setUp(test, { 'session.started': sh('exec sleep 60') }, { timeoutMs: 100 });
    const real = process.kill.bind(process);
    test.mock.method(process, 'kill', (pid: number, signal?: NodeJS.Signals) => {
      if (pid < 0) throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
      return real(pid, signal);
    });
    journal.record('session.started', { turn: 1 });
    const { pid, why } = await said('a hook cannot be ended; it is left to itself');
    assert.equal(why, 'kill EPERM');
    const beganMs = performance.now();
    await hooks.close();
    real(Number(pid), 'SIGKILL');
    assert.ok(performance.now() - beganMs < 3_500);
  });

  it('that prints a line of a million characters is quoted with 500 of them', async (test) => {
    const { journal, heard } = await setUp(test, {
      'session.started': sh('head -c 1000000 /dev/zero | tr "\\0" x >&2; printf "end\\n" >&2'),
    });
    journal.record('session.started', { turn: 1 });
    assert.match(String(await heard('xxx')), /^x{497,500}(end)?$/);
  });
});
