import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HotwordError } from '../../src/errors.js';
import { type HotwordHit, HotwordListener } from '../../src/hotword/listener.js';
import { FakeEngine } from './fakes.js';

const MARK = 777;

function listening(refractoryMs = 0) {
  const engine = new FakeEngine({ rateHz: 1000, chunkSamples: 10 });
  engine.hearValue(MARK);
  const hits: HotwordHit[] = [];
  const failures: HotwordError[] = [];
  const listener = new HotwordListener({
    engine,
    refractoryMs,
    onDetection: (hit) => hits.push(hit),
    onFailure: (error) => failures.push(error),
  });
  return { engine, hits, failures, listener };
}

/** Silence with marks at these positions. */
function marked(length: number, ...positions: number[]): Int16Array {
  const samples = new Int16Array(length);
  for (const position of positions) samples[position] = MARK;
  return samples;
}

test('a phrase is placed to the sample, whatever the blocks the sound comes in', () => {
  fc.assert(
    fc.property(fc.nat(499), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (position, sizes) => {
      const { listener, hits } = listening();
      const sound = marked(500, position);
      for (let at = 0, i = 0; at < sound.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        listener.feed(sound.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(hits, [{ phrase: 'hey fake', score: 0.5, engine: 'fake', endedAt: position }]);
      assert.equal(listener.position, 500);
    }),
  );
});

test('within the refractory time, counted from the end of the phrase, nothing else is heard', () => {
  const { listener, hits } = listening(50);
  listener.feed(marked(200, 12, 35, 59, 62, 111, 125));
  assert.deepEqual(
    hits.map((hit) => hit.endedAt),
    [12, 62, 125],
  );
});

test('a reset drops the unfinished chunk, resets the engine, and takes the position it is told', () => {
  const { listener, hits, engine } = listening();
  listener.feed(marked(15, 12));
  listener.reset(1000);
  assert.equal(engine.resets, 1);
  assert.equal(listener.position, 1000);
  listener.feed(marked(20, 4));
  assert.deepEqual(
    hits.map((hit) => hit.endedAt),
    [1004],
  );
});

test('the refractory time goes on across a reset', () => {
  const { listener, hits } = listening(50);
  listener.feed(marked(20, 12));
  listener.reset();
  listener.feed(marked(80, 10, 60));
  assert.deepEqual(
    hits.map((hit) => hit.endedAt),
    [12, 80],
  );
});

test('a reset from inside the detection is allowed', () => {
  const engine = new FakeEngine({ rateHz: 1000, chunkSamples: 10 });
  engine.hearValue(MARK);
  const ends: number[] = [];
  const listener: HotwordListener = new HotwordListener({
    engine,
    refractoryMs: 0,
    onDetection: ({ endedAt }) => {
      ends.push(endedAt);
      listener.reset();
    },
    onFailure: assert.fail,
  });
  listener.feed(marked(100, 15, 55));
  assert.deepEqual(ends, [15, 55]);
});

test('an engine that throws is reported once and gets nothing more', () => {
  const { listener, engine, failures } = listening();
  engine.answer = () => {
    throw new Error('out of order');
  };
  listener.feed(new Int16Array(100));
  listener.feed(new Int16Array(100));
  listener.reset();
  assert.equal(engine.chunks, 1);
  assert.equal(engine.resets, 0);
  assert.deepEqual(
    failures.map((error) => error.message),
    ['the hotword engine fake failed: out of order'],
  );
});

test("an engine's own HotwordError is passed on as it is, from a reset too", () => {
  const { listener, engine, failures } = listening();
  const error = new HotwordError('closed');
  engine.reset = () => {
    throw error;
  };
  listener.reset();
  listener.feed(new Int16Array(100));
  assert.deepEqual(failures, [error]);
  assert.equal(engine.chunks, 0);
});

test("an exception of the listener's owner is not the engine's failure", () => {
  const engine = new FakeEngine({ rateHz: 1000, chunkSamples: 10 });
  engine.hearValue(MARK);
  const listener = new HotwordListener({
    engine,
    refractoryMs: 0,
    onDetection: () => {
      throw new Error('mine');
    },
    onFailure: assert.fail,
  });
  assert.throws(() => listener.feed(marked(10, 3)), /^Error: mine$/);
});
