import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toMono16 } from '../../src/pcm/convert.js';
import { softLimit } from '../../src/pcm/limiter.js';

const FULL_SCALE = 32_767;
const size = fc.double({ min: -1e7, max: 1e7, noNaN: true });

test('below -3 dBFS a sample stays as it is', () => {
  for (const sample of [0, 1, -1, 1234.5, -23_000]) assert.equal(softLimit(sample), sample);
});

test('nothing becomes more than full scale, and the order of samples stays', () => {
  fc.assert(
    fc.property(size, size, (a, b) => {
      assert.ok(Math.abs(softLimit(a)) <= FULL_SCALE);
      if (a <= b) assert.ok(softLimit(a) <= softLimit(b));
      assert.equal(softLimit(-a), -softLimit(a));
    }),
  );
});

test('there is no step at the knee', () => {
  for (let sample = 20_000; sample < 60_000; sample++) {
    const step = softLimit(sample + 1) - softLimit(sample);
    assert.ok(step >= 0 && step <= 1.000_001, `${step} at ${sample}`);
  }
});

test('a gain reaches into the bits below the upper 16, before it rounds', () => {
  const one = { rateHz: 1, channels: 1 };
  const bytes32 = new Uint8Array(Int32Array.of(0x0001_8000, -0x0001_8000).buffer);
  assert.deepEqual(toMono16(bytes32, { ...one, bits: 32 }, 1, 100), Int16Array.of(150, -150));
  const bytes24 = Uint8Array.of(0x80, 0x01, 0x00);
  assert.deepEqual(toMono16(bytes24, { ...one, bits: 24 }, 1, 100), Int16Array.of(150));
});

test('a gain never wraps around', () => {
  const bytes = new Uint8Array(Int16Array.of(32_767, -32_768, 20_000).buffer);
  const [high = 0, low = 0, middle = 0] = toMono16(bytes, { rateHz: 1, bits: 16, channels: 1 }, 1, 10);
  assert.ok(high > 32_000 && low < -32_000 && middle > 32_000);
});
