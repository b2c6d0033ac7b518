import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SampleRing } from '../../src/pcm/ring.js';

/** Samples whose value tells their position. */
function numbered(from: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, i) => (from + i) % 30_000);
}

test('a ring gives back exactly the last samples, whatever the blocks they came in', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.nat(120), { maxLength: 30 }),
      fc.integer({ min: -10, max: 2000 }),
      (capacity, blocks, position) => {
        const ring = new SampleRing(capacity);
        let written = 0;
        for (const count of blocks) {
          ring.write(numbered(written, count));
          written += count;
        }
        assert.equal(ring.end, written);
        assert.equal(ring.start, Math.max(0, written - capacity));
        const { samples, start } = ring.readFrom(position);
        assert.equal(start, Math.min(written, Math.max(ring.start, position)));
        assert.deepEqual(samples, numbered(start, written - start));
      },
    ),
  );
});

test('what was read does not change with what is written later', () => {
  const ring = new SampleRing(4);
  ring.write(Int16Array.of(1, 2, 3, 4));
  const { samples } = ring.readFrom(2);
  ring.write(Int16Array.of(9, 9, 9, 9));
  assert.deepEqual(samples, Int16Array.of(3, 4));
});

test('a wiped ring has nothing left, and its positions go on', () => {
  const ring = new SampleRing(8);
  ring.write(numbered(0, 5));
  ring.clear();
  assert.deepEqual(ring.readFrom(0), { samples: new Int16Array(0), start: 5 });
  ring.write(numbered(5, 2));
  assert.deepEqual(ring.readFrom(0), { samples: numbered(5, 2), start: 5 });
});

test('a ring of no samples is refused', () => {
  assert.throws(() => new SampleRing(0), RangeError);
  assert.throws(() => new SampleRing(1.5), RangeError);
});

test('a ring may go on with the positions of another', () => {
  const ring = new SampleRing(4, 1_001);
  assert.deepEqual([ring.start, ring.end], [1_001, 1_001]);
  ring.write(Int16Array.of(1, 2, 3, 4, 5));
  assert.deepEqual([ring.start, ring.end], [1_002, 1_006]);
  assert.deepEqual([...ring.readFrom(1_004).samples], [4, 5]);
});
