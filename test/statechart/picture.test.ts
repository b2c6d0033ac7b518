import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { chartOf, stateAt } from '../session/model/chart.js';
import { statechartSvg } from './picture.js';

describe('the picture of the statechart', () => {
  it('is the one in docs', () => {
    const kept = readFileSync(new URL('../../../docs/statechart.svg', import.meta.url), 'utf8');
    assert.ok(kept === statechartSvg(chartOf()), 'docs/statechart.svg is not what the machine is: npm run statechart');
  });

  it('shows what a machine does that leads elsewhere', () => {
    const chart = chartOf();
    stateAt(chart, 'listening').on.doorbell = [{ target: 'hotwordDetected', actions: [] }];
    assert.match(statechartSvg(chart), />doorbell</);
  });

  it('does not leave out a state, nor a guard that it has no words for', () => {
    const more = chartOf();
    more.states.asleep = { ...stateAt(more, 'idle'), always: [] };
    stateAt(more, 'listening').on.nap = [{ target: 'asleep', actions: [] }];
    assert.throws(() => statechartSvg(more), /layout\.ts has no box for asleep/);
    const guarded = chartOf();
    stateAt(guarded, 'listening').on.nap = [{ target: 'idle', guard: 'isNight', actions: [] }];
    assert.throws(() => statechartSvg(guarded), /no words for the guard isNight/);
  });
});
