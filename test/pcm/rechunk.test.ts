import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Rechunker } from '../../src/pcm/rechunk.js';

test('chunks are the stream cut into equal parts, whatever the blocks it came in', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.array(fc.integer({ min: -32768, max: 32767 }))),
      (size, blocks) => {
        const chunks: number[][] = [];
        const ends: number[] = [];
        const rechunker = new Rechunker(size, (chunk, end) => {
          chunks.push([...chunk]);
          ends.push(end);
        });
        for (const block of blocks) rechunker.push(Int16Array.from(block));
        const stream = blocks.flat();
        const count = Math.floor(stream.length / size);
        assert.deepEqual(chunks.flat(), stream.slice(0, count * size));
        assert.deepEqual(
          ends,
          Array.from({ length: count }, (_, i) => (i + 1) * size),
        );
        assert.equal(rechunker.position, stream.length);
      },
    ),
  );
});

test('every chunk comes in the same array', () => {
  const arrays = new Set<Int16Array>();
  const rechunker = new Rechunker(4, (chunk) => arrays.add(chunk));
  rechunker.push(new Int16Array(40));
  assert.equal(arrays.size, 1);
});

test('a reset drops the unfinished chunk and may name the next position', () => {
  const chunks: [number[], number][] = [];
  const rechunker = new Rechunker(2, (chunk, end) => chunks.push([[...chunk], end]));
  rechunker.push(Int16Array.of(1, 2, 3));
  rechunker.reset();
  rechunker.push(Int16Array.of(4, 5, 6));
  rechunker.reset(100);
  rechunker.push(Int16Array.of(7, 8));
  assert.deepEqual(chunks, [
    [[1, 2], 2],
    [[4, 5], 5],
    [[7, 8], 102],
  ]);
});

test('a reset from inside the sink begins a new chunk with the rest of the block', () => {
  const chunks: number[][] = [];
  const rechunker: Rechunker = new Rechunker(2, (chunk) => {
    chunks.push([...chunk]);
    rechunker.reset();
  });
  rechunker.push(Int16Array.of(1, 2, 3, 4, 5));
  assert.deepEqual(chunks, [
    [1, 2],
    [3, 4],
  ]);
});

test('a chunk of no samples is refused', () => {
  assert.throws(() => new Rechunker(0, () => undefined), RangeError);
});
