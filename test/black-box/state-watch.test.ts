import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { limitsOfStates, StateWatch } from '../../src/black-box/state-watch.js';
import { Journal } from '../../src/log.js';
import { sessionMachine } from '../../src/session/machine.js';
import { FakeClock } from '../link/support.js';
import { LIMITS } from '../session/limits.js';

function bench(test: TestContext) {
  const clock = new FakeClock();
  const journal = new Journal(pino({ level: 'silent' }));
  const watch = new StateWatch({ limits: limitsOfStates(LIMITS), journal, clock });
  test.after(() => watch.close());
  const overdue: object[] = [];
  journal.watch(({ event, fields }) => {
    if (event === 'state.overdue') overdue.push(fields);
  });
  const enter = (to: string) => journal.record('state.changed', { from: '', to, why: '' });
  return { clock, watch, overdue, enter };
}

/** The names of the machine's states, as the log tells them. */
function statesOfMachine(): string[] {
  return Object.entries(sessionMachine.states).flatMap(([name, { states }]) => {
    const inner = Object.keys(states);
    return inner.length > 0 ? inner.map((each) => `${name}.${each}`) : [name];
  });
}

describe('the watch of the states', () => {
  it('has a limit for every state of the machine but idle and listening', () => {
    const limited = [...limitsOfStates(LIMITS).keys()];
    assert.deepEqual(statesOfMachine().sort(), ['idle', 'listening', ...limited].sort());
  });

  it('tells once of a state that lasts 2 s longer than its limit', (test) => {
    const { clock, watch, overdue, enter } = bench(test);
    enter('activeSession.userTurn');
    clock.advance(61_999);
    assert.deepEqual(overdue, []);
    clock.advance(1);
    assert.deepEqual(overdue, [{ state: 'activeSession.userTurn', ms: 62_000, limitMs: 60_000 }]);
    clock.advance(600_000);
    assert.equal(overdue.length, 1);
    assert.equal(watch.overdueState, 'activeSession.userTurn');
    enter('listening');
    assert.equal(watch.overdueState, undefined);
  });

  it('counts each state from its own beginning, and never the two that may last', (test) => {
    const { clock, overdue, enter } = bench(test);
    for (const state of ['hotwordDetected', 'activeSession.userTurn', 'activeSession.reply']) {
      enter(state);
      clock.advance(4_000);
    }
    for (const state of ['listening', 'idle']) {
      enter(state);
      clock.advance(10_000_000);
    }
    assert.deepEqual(overdue, []);
  });

  it('tells nothing after close, which may be called twice', (test) => {
    const { clock, watch, overdue, enter } = bench(test);
    enter('hotwordDetected');
    watch.close();
    watch.close();
    clock.advance(100_000);
    enter('hotwordDetected');
    clock.advance(100_000);
    assert.deepEqual(overdue, []);
  });
});
