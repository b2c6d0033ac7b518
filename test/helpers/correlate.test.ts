import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { align, find } from './correlate.js';
import { crossCorrelation } from './fft.js';

/** Noise through a low pass: as unlike itself as speech, and as smooth. */
function murmur(length: number, seed: number): Int16Array {
  let state = seed >>> 0 || 1;
  let [slow, slower] = [0, 0];
  return Int16Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    slow += 0.3 * ((state >> 17) - slow);
    slower += 0.3 * (slow - slower);
    return slower;
  });
}

function joined(...parts: readonly Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

const SPEECH = murmur(16_000, 7);
const ROOM = murmur(4_000, 99).map((sample) => sample / 300);

test('the transform gives the sums that the definition gives', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 1, maxLength: 40 }),
      (needle, haystack) => {
        const products = crossCorrelation(Int16Array.from(needle), Int16Array.from(haystack));
        assert.equal(products.length, needle.length + haystack.length - 1);
        for (const [k, product] of products.entries()) {
          const lag = k - needle.length + 1;
          const expected = needle.reduce((sum, sample, i) => sum + sample * (haystack[lag + i] ?? 0), 0);
          assert.ok(Math.abs(product - expected) < 1, `lag ${lag}: ${product}, not ${expected}`);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('a sound is found at its sample, whatever its volume', () => {
  const quiet = SPEECH.map((sample) => Math.round(sample / 10));
  const { offset, correlation } = find(SPEECH, joined(ROOM, quiet, ROOM));
  assert.equal(offset, ROOM.length);
  assert.ok(correlation > 0.999, `${correlation}`);
});

test('a sound whose beginning is cut off is found before the start', () => {
  assert.equal(find(SPEECH, SPEECH.subarray(3_000)).offset, -3_000);
});

test('another sound is not found', () => {
  assert.ok(find(SPEECH, murmur(30_000, 8)).correlation < 0.3);
  assert.equal(find(SPEECH, new Int16Array(30_000)).correlation, 0);
});

test('the same sound aligns without a flaw', () => {
  const { offset, correlation, missing, doubled, damaged } = align(SPEECH, joined(ROOM, SPEECH, ROOM));
  assert.deepEqual({ offset, missing, doubled, damaged }, { offset: 4_000, missing: 0, doubled: 0, damaged: 0 });
  assert.ok(correlation > 0.999_999);
});

test('a cut anywhere is counted to the sample', () => {
  const cuts = fc.record({ at: fc.integer({ min: 900, max: 14_000 }), length: fc.integer({ min: 1, max: 1_000 }) });
  fc.assert(
    fc.property(cuts, ({ at, length }) => {
      const received = joined(ROOM, SPEECH.subarray(0, at), SPEECH.subarray(at + length), ROOM);
      const { offset, missing, doubled } = align(SPEECH, received);
      assert.deepEqual({ offset, missing, doubled }, { offset: 4_000, missing: length, doubled: 0 });
    }),
    { numRuns: 40 },
  );
});

test('a repeat anywhere is counted to the sample', () => {
  const repeats = fc.record({
    at: fc.integer({ min: 1_100, max: 14_000 }),
    length: fc.integer({ min: 1, max: 1_000 }),
  });
  fc.assert(
    fc.property(repeats, ({ at, length }) => {
      const received = joined(ROOM, SPEECH.subarray(0, at), SPEECH.subarray(at - length), ROOM);
      const { offset, missing, doubled } = align(SPEECH, received);
      assert.deepEqual({ offset, missing, doubled }, { offset: 4_000, missing: 0, doubled: length });
    }),
    { numRuns: 40 },
  );
});

test('cuts and repeats together do not hide each other', () => {
  const parts = [SPEECH.subarray(0, 4_000), SPEECH.subarray(4_160, 9_000), SPEECH.subarray(8_840)];
  const { missing, doubled } = align(SPEECH, joined(ROOM, ...parts));
  assert.deepEqual({ missing, doubled }, { missing: 160, doubled: 160 });
});

test('what is cut off at the beginning and at the end is missing', () => {
  const { offset, missing, doubled } = align(SPEECH, joined(SPEECH.subarray(1_234, 15_000), new Int16Array(4_000)));
  assert.ok(Math.abs(missing - 2_234) <= 4, `${missing}`);
  assert.equal(offset, -1_234);
  assert.equal(doubled, 0);
});

test('a stretch replaced by silence of the same length is damage', () => {
  const received = joined(ROOM, SPEECH);
  received.fill(0, 9_000, 11_000);
  const { missing, doubled, damaged, correlation } = align(SPEECH, received);
  assert.deepEqual({ missing, doubled }, { missing: 0, doubled: 0 });
  assert.ok(damaged >= 2_000 && damaged <= 3_600, `${damaged}`);
  assert.ok(correlation < 0.99);
});

test('what was never received is missing altogether', () => {
  assert.equal(align(SPEECH, new Int16Array(20_000)).missing, SPEECH.length);
});
