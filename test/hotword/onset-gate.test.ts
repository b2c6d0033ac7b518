import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OnsetGate, type OnsetGateOptions } from '../../src/hotword/onset-gate.js';

const FRAME = 160;

/** A steady tone of a peak level for some frames. */
function tone(frames: number, peakDbfs: number): Int16Array {
  const peak = 32_767 * 10 ** (peakDbfs / 20);
  return Int16Array.from({ length: frames * FRAME }, (_, i) => Math.round(peak * Math.sin((2 * Math.PI * i) / 40)));
}

function quiet(frames: number): Int16Array {
  return new Int16Array(frames * FRAME);
}

/** A gate and everything that came out of it. */
function gated(options: Partial<OnsetGateOptions> = {}) {
  const out = {
    begins: 0,
    before: [] as number[],
    toLouder: [] as (number | undefined)[],
    frames: [] as Int16Array[],
    behind: [] as number[],
    mostAtOnce: 0,
  };
  let isFound = false;
  const gate = new OnsetGate({
    frameSamples: FRAME,
    sink: {
      begin: (framesBefore, framesToLouder) => {
        out.begins += 1;
        out.toLouder.push(framesToLouder);
        out.before.push(framesBefore);
      },
      frame: (samples, framesBehind) => {
        out.frames.push(samples.slice());
        out.behind.push(framesBehind);
        return isFound;
      },
    },
    ...options,
  });
  const feed = (...sounds: Int16Array[]) => {
    for (const sound of sounds) {
      for (let at = 0; at < sound.length; at += FRAME) {
        const before = out.frames.length;
        gate.push(sound, at);
        out.mostAtOnce = Math.max(out.mostAtOnce, out.frames.length - before);
      }
    }
  };
  const find = () => {
    isFound = true;
  };
  return { gate, out, feed, find };
}

function peakOf(frames: readonly Int16Array[]): number {
  return Math.max(...frames.flatMap((frame) => [...frame].map(Math.abs)));
}

test('quiet, and the hiss of a converter, are handed to nobody', () => {
  const { out, feed } = gated();
  feed(quiet(1000), tone(1000, -70));
  assert.equal(out.begins, 0);
  assert.equal(out.frames.length, 0);
});

test('a sound comes out from 180 ms before its onset to the end of its hang, every sample once and in order', () => {
  const { out, feed } = gated();
  const sound = tone(60, -20);
  feed(quiet(100), sound, quiet(200));
  assert.equal(out.begins, 1);
  const whole = Int16Array.from(out.frames.flatMap((frame) => [...frame]));
  const onset = whole.findIndex((sample) => sample !== 0) - 1;
  assert.equal(onset, 18 * FRAME);
  assert.deepEqual(whole.subarray(onset, onset + sound.length), sound);
  assert.equal(whole.length, (18 + 60 + 50) * FRAME);
});

test('what was held is handed on in small parts and told how far behind it is, until nothing is behind', () => {
  const { out, feed } = gated();
  feed(quiet(100), tone(60, -20));
  assert.equal(out.mostAtOnce, 3);
  assert.ok((out.behind[0] ?? 0) > 30);
  assert.equal(out.behind.at(-1), 0);
});

test('soft and loud come out alike, from the first sample on, and without a target as they came', () => {
  for (const peakDbfs of [-40, -30, -12, -1]) {
    const { out, feed } = gated({ targetDb: -26 });
    feed(quiet(100), tone(60, peakDbfs));
    const peakDb = 20 * Math.log10(peakOf(out.frames.slice(20, 30)) / 32_768);
    assert.ok(Math.abs(peakDb - (-26 + 3)) < 0.5, `${peakDbfs} dB became ${peakDb} dB`);
    const plain = gated();
    plain.feed(quiet(100), tone(60, peakDbfs));
    assert.equal(peakOf(plain.out.frames), peakOf([tone(1, peakDbfs)]));
  }
});

test('somebody much louder is a new beginning, with what came just before', () => {
  const { out, feed } = gated({ targetDb: -26 });
  feed(quiet(100), tone(100, -40), tone(60, -10));
  assert.equal(out.begins, 2);
  assert.ok(peakOf(out.frames.slice(-10)) < 32_768 * 10 ** (-22 / 20));
});

test('a soft first word comes again, from before its onset, with the loud one that follows within 600 ms, in small parts', () => {
  const { out, feed } = gated({ targetDb: -26 });
  feed(quiet(100), tone(57, -40));
  const handedOn = out.frames.length;
  feed(tone(100, -20), quiet(200));
  assert.deepEqual(
    [out.before, out.toLouder],
    [
      [18, 18],
      [undefined, 18 + 57 - 1],
    ],
  );
  const again = out.frames.slice(handedOn);
  assert.equal(again.length, 18 + 57 + 100 + 50);
  const peaksDb = again.map((frame) => 20 * Math.log10(peakOf([frame]) / 32_768));
  assert.ok(peaksDb.slice(0, 18).every((db) => db === -Infinity));
  assert.ok(peaksDb.slice(18, 18 + 57).every((db) => Math.abs(db - (-26 + 3 - 20)) < 0.5));
  assert.ok(peaksDb.slice(18 + 57, 18 + 57 + 100).every((db) => Math.abs(db - (-26 + 3)) < 0.5));
  assert.equal(out.mostAtOnce, 3);
});

test('who is louder later than that begins anew: what went on before does not come again', () => {
  const { out, feed } = gated({ targetDb: -26 });
  feed(quiet(100), tone(61, -40), tone(60, -20));
  assert.deepEqual(
    [out.before, out.toLouder],
    [
      [18, 18],
      [undefined, undefined],
    ],
  );
});

test('the steady noise of a room stops to count after a while, and speech above it counts', () => {
  const { out, feed } = gated();
  feed(tone(3000, -40));
  const before = out.frames.length;
  feed(tone(1000, -40));
  assert.equal(out.frames.length, before);
  feed(tone(60, -25));
  assert.ok(out.frames.length > before);
});

test('after a find nothing up to there comes a second time; a reset drops what is held', () => {
  const found = gated({ targetDb: -26 });
  found.find();
  found.feed(quiet(100), tone(80, -40));
  const before = found.out.frames.length;
  found.feed(tone(21, -10));
  const again = found.out.frames.slice(before);
  assert.ok(peakOf(again.slice(0, 1)) > 1000, 'the soft sound before the loud one came again');

  const { gate, out, feed } = gated();
  feed(quiet(100), tone(10, -20));
  gate.reset();
  feed(quiet(300));
  assert.equal(out.frames.length, 0);
});

test('a beginning says how much of it is the room before the onset', () => {
  const { gate, out, feed } = gated();
  feed(quiet(100), tone(50, -20), quiet(80));
  gate.reset();
  feed(quiet(5), tone(50, -20));
  assert.deepEqual(out.before, [18, 5]);
});

test('silence without a sample tells nothing of the room: hiss after it is none the louder, at once', () => {
  const { out, feed } = gated();
  feed(quiet(3000), tone(100, -55));
  assert.equal(out.begins, 0);
});

test('a very quiet room is learnt no quieter than what counts as quiet: steady noise stops to count after 8 s', () => {
  const { out, feed } = gated();
  feed(tone(1000, -85), tone(900, -53));
  const before = out.frames.length;
  feed(tone(100, -53));
  assert.equal(out.frames.length, before);
});
