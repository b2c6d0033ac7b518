import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noisyMean } from '../../src/hotword/noisy-mean.js';

const CLEAN = Float32Array.of(42, 3, 1, 16, -2, -1, 1, -9, -1, -2, 4, -1, 1);
/** A step of the first cepstrum by which every band rises by 1 neper. */
const NEPER = 5;

const flat = (first: number) => Float32Array.from({ length: CLEAN.length }, (_, i) => (i === 0 ? first : 0));
const farthest = (a: Float32Array, b: Float32Array) => Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? 0))));

test('noise far below the speech leaves the mean as it is', () => {
  assert.ok(farthest(noisyMean(CLEAN, flat(-40 * NEPER)), CLEAN) < 0.01);
});

test('speech far below the noise has the mean of the noise', () => {
  const noise = flat(60 * NEPER);
  assert.ok(farthest(noisyMean(CLEAN, noise), noise) < 0.01);
});

test('as loud as the speech, noise raises the mean above both', () => {
  const mean = noisyMean(flat(42), flat(42))[0] ?? 0;
  // The mean of log(1 + e^(3.5 z)) over a normal z is 1.57.
  assert.ok(Math.abs(mean - 42 - 1.57 * NEPER) < 0.15, `raised by ${mean - 42}`);
});
