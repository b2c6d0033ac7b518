import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fadeEdges, toSamples } from '../../src/cues/shape.js';

test('fades begin and end in silence and leave the middle alone', () => {
  const faded = fadeEdges(new Float64Array(100).fill(1), 10, 20);
  assert.equal(faded[0], 0);
  assert.equal(faded[99], 0);
  assert.ok(Math.abs((faded[5] ?? 0) - 0.5) < 1e-9);
  assert.ok(Math.abs((faded[89] ?? 0) - 0.5) < 1e-9);
  assert.deepEqual([...faded.subarray(10, 80)], new Array(70).fill(1));
});

test('fades longer than the signal meet in its middle', () => {
  const faded = fadeEdges(new Float64Array(10).fill(1), 1000, 1000);
  assert.equal(faded[0], 0);
  assert.equal(faded[9], 0);
  assert.ok(Math.max(...faded) <= 1 && Math.max(...faded) > 0.8);
  assert.equal(fadeEdges(new Float64Array(0), 5, 5).length, 0);
});

test('the largest value gets the peak asked for, and silence stays silence', () => {
  assert.deepEqual([...toSamples(Float64Array.of(0, 2, -4), -6)], [0, 8211, -16_422]);
  assert.deepEqual([...toSamples(new Float64Array(3), -6)], [0, 0, 0]);
});
