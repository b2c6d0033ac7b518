import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BargeIn, SessionLimits } from '../../src/session/events.js';
import { chartOf, leavesOf, machineOf, transitionsOf } from './model/chart.js';
import { explore } from './model/explore.js';
import type { Variant } from './model/logic.js';
import { MUTATIONS, mutated } from './model/mutations.js';

/** Short enough that every order in which limits can run out is tried. */
const LIMITS: SessionLimits = {
  connectGraceMs: 2_000,
  turnLimitMs: 4_000,
  idleLimitMs: 3_000,
  replyStallMs: 2_000,
  replyLimitMs: 3_000,
  drainLimitMs: 2_000,
  // Long enough for a reply, too short for a turn: limits run out within it.
  settleMs: 2_000,
};
/** The other limit of each pair is the shorter one. */
const REVERSED: SessionLimits = {
  ...LIMITS,
  turnLimitMs: 2_000,
  idleLimitMs: 3_000,
  replyStallMs: 3_000,
  replyLimitMs: 2_000,
  drainLimitMs: 4_000,
  settleMs: 1_000,
};
const SPEECH: Variant = { bargeIn: 'speech', limits: LIMITS };
const VARIANTS: readonly Variant[] = (['off', 'hotword', 'speech'] satisfies BargeIn[]).flatMap((bargeIn) => [
  { bargeIn, limits: LIMITS },
  { bargeIn, limits: REVERSED },
]);

describe('session machine as a model', () => {
  it('keeps every promise, whatever happens in whatever order, and each state and transition is reached', (t) => {
    const chart = chartOf();
    const machine = machineOf(chart);
    const states = new Set<string>();
    const taken = new Set<string>();
    for (const variant of VARIANTS) {
      const found = explore(machine, variant);
      assert.equal(found.broken?.story, undefined);
      t.diagnostic(`barge-in ${variant.bargeIn}: ${found.steps} steps from ${found.situations} situations`);
      for (const name of found.states) states.add(name);
      for (const name of found.taken) taken.add(name);
    }
    const missed = (all: readonly string[], reached: Set<string>) => all.filter((name) => !reached.has(name));
    assert.deepEqual(missed(leavesOf(chart), states), [], 'states that were never entered');
    const transitions = transitionsOf(chart).map(({ name }) => name);
    assert.deepEqual(missed(transitions, taken), [], 'transitions that were never taken');
    t.diagnostic(`${states.size} states and ${transitions.length} transitions, all reached`);
  });

  for (const mutation of MUTATIONS) {
    it(`notices: ${mutation.name}`, () => {
      const { broken } = explore(machineOf(mutated(mutation)), SPEECH);
      assert.equal(broken?.rule, mutation.breaks, broken?.story ?? 'nothing was noticed');
    });
  }

  it('notices each transition that is missing', (t) => {
    const unnoticed: string[] = [];
    const names = transitionsOf(chartOf()).map(({ name }) => name);
    for (const missing of names) {
      const chart = chartOf();
      const { transition, siblings } = transitionsOf(chart).find(({ name }) => name === missing) ?? assert.fail();
      siblings.splice(siblings.indexOf(transition), 1);
      if (explore(machineOf(chart), SPEECH).broken === undefined) unnoticed.push(missing);
    }
    assert.deepEqual(unnoticed, []);
    t.diagnostic(`each of ${names.length} transitions is missed where it is missing`);
  });
});
