import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SOAK_FAULTS } from './faults.js';
import { makePlan } from './plan.js';
import { fit } from './vitals.js';

const FAULTS = Object.fromEntries(Object.entries(SOAK_FAULTS).map(([name, { at }]) => [name, at]));

describe('the plan of a soak', () => {
  it('is the same for the same seed, and another for another', () => {
    const plan = makePlan({ seed: 7, turns: 200, faults: FAULTS });
    assert.deepEqual(makePlan({ seed: 7, turns: 200, faults: FAULTS }), plan);
    assert.notDeepEqual(makePlan({ seed: 8, turns: 200, faults: FAULTS }), plan);
  });

  it('has as many turns as asked for', () => {
    for (const turns of [1, 2, 30, 1_000]) {
      const plan = makePlan({ seed: turns, turns, faults: FAULTS });
      const sum = plan.reduce((count, { goodTurns }) => count + goodTurns + 1, 0);
      assert.equal(sum, turns);
    }
  });

  it('strikes with every fault before any comes again, at points where it can', () => {
    const names = Object.keys(FAULTS);
    const strikes = makePlan({ seed: 9, turns: 1_000, faults: FAULTS }).flatMap(({ strike }) => strike ?? []);
    const firstOnes = strikes.slice(0, names.length).map(({ fault }) => fault);
    assert.deepEqual(firstOnes.sort(), names.sort());
    for (const { fault, at } of strikes) assert.ok(FAULTS[fault]?.includes(at), `${fault} at ${at}`);
  });
});

describe('the line through vitals', () => {
  it('has the slope of the points, and an error that tells scatter from growth', () => {
    const points = (slope: number, scatter: number) =>
      Array.from({ length: 50 }, (_, x) => [x, 1_000 + slope * x + (x % 2 === 0 ? scatter : -scatter)] as const);
    assert.deepEqual(fit(points(3, 0)), { slope: 3, error: 0 });
    const flat = fit(points(0, 100));
    assert.ok(Math.abs(flat.slope) < flat.error, `${flat.slope} ± ${flat.error}`);
    const growing = fit(points(10, 20));
    assert.ok(growing.slope > 5 * growing.error);
    const waves = Array.from({ length: 50 }, (_, x) => [x, 1_000 + 100 * Math.sin(x / 5)] as const);
    const alone = fit(waves.map(([x, y]) => [x, y + (x % 2)] as const));
    assert.ok(
      Math.abs(alone.slope) < 2 * alone.error,
      `neighbours that scatter alike: ${alone.slope} ± ${alone.error}`,
    );
    assert.ok(Number.isNaN(fit(points(1, 0).slice(0, 2)).slope));
  });
});
