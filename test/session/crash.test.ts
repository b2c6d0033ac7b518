import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';

const MACHINE = new URL('../../src/session/machine.js', import.meta.url).href;
const PROGRAM = `
  import { createActor } from 'xstate';
  import { sessionMachine } from '${MACHINE}';
  const order = (_, params) => { if (params?.to === 'hold') throw new Error('a part is broken'); };
  const orders = ['route', 'capture', 'tell', 'cue', 'hurryLink', 'tempo', 'reply', 'noteStarted', 'noteEnded'];
  const machine = sessionMachine.provide({ actions: Object.fromEntries(orders.map((name) => [name, order])) });
  const actor = createActor(machine, { input: { bargeIn: 'off', limits: { connectGraceMs: 60_000 } } });
  process.on('uncaughtException', (error) => { console.log(error.message); process.exit(1); });
  actor.start();
  for (const type of ['mic.ready', 'engine.ready', 'trigger']) actor.send({ type });
  setTimeout(() => console.log('it goes on as if nothing had happened'), 60_000);
`;

describe('an order that throws', () => {
  it('is an uncaught exception, which ends the program: the machine swallows nothing', () => {
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      cwd: new URL('.', import.meta.url),
      encoding: 'utf8',
      timeout: 20_000,
    });
    assert.deepEqual([run.stdout.trim(), run.stderr, run.status], ['a part is broken', '', 1]);
  });
});
