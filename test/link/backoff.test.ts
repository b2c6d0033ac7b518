import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Backoff } from '../../src/link/backoff.js';
import { DEFAULTS } from './support.js';

const make = (random: () => number) => new Backoff({ ...DEFAULTS, random });

describe('Backoff', () => {
  it('begins within 500 ms, then doubles from 1 s to 15 s with at most half of it random', () => {
    const lowest = make(() => 0);
    const highest = make(() => 0.999_999);
    const take = (backoff: Backoff) => Array.from({ length: 8 }, () => Math.round(backoff.next('fast')));
    assert.deepEqual(take(lowest), [0, 500, 1000, 2000, 4000, 7500, 7500, 7500]);
    assert.deepEqual(take(highest), [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  });

  it('stays at its ceiling for ever', () => {
    const backoff = make(() => 0.5);
    for (let i = 0; i < 5_000; i++) backoff.next('fast');
    assert.equal(backoff.next('fast'), 11_250);
  });

  it('begins anew after restart()', () => {
    const backoff = make(() => 0.5);
    for (let i = 0; i < 9; i++) backoff.next('fast');
    backoff.restart();
    assert.equal(backoff.next('fast'), 250);
  });

  it('waits a minute in the slow lane and the ceiling in the busy one, from the first time', () => {
    assert.equal(make(() => 0.5).next('slow'), 60_000);
    assert.equal(make(() => 0).next('busy'), 7_500);
  });

  it('never undercuts the wish of the server', () => {
    assert.equal(make(() => 0).next('fast', 30_000), 30_000);
    assert.equal(make(() => 0.5).next('slow', 90_000), 90_250);
    assert.equal(make(() => 0.5).next('slow', 1_000), 60_000);
  });

  it('keeps every wait of the fast lane within the ceiling, whatever the settings', () => {
    fc.assert(
      fc.property(
        fc.record({ retryFirstMs: fc.nat(5_000), retryBaseMs: fc.nat(5_000), retryMaxMs: fc.nat(5_000) }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (settings, rolls) => {
          let i = 0;
          const backoff = new Backoff({ ...settings, retrySlowMs: 1, random: () => rolls[i++ % rolls.length] ?? 0 });
          for (let k = 0; k < 40; k++) {
            const waitMs = backoff.next('fast');
            assert.ok(waitMs >= 0 && waitMs <= settings.retryMaxMs);
          }
        },
      ),
    );
  });
});
