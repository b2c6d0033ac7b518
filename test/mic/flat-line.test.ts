import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FlatLine } from '../../src/mic/flat-line.js';
import { bytesOf, SPEECH_FORMAT } from '../../src/pcm/format.js';

const RATE_HZ = 16_000;
const flatLine = () => new FlatLine({ format: SPEECH_FORMAT, channel: 1, limitMs: 30_000, hadNoise: false });
const zeros = (seconds: number) => new Uint8Array(2 * RATE_HZ * seconds);
const blip = (at: number, length = 640) => bytesOf(new Int16Array(length).map((_, i) => (i === at ? -1 : 0)));

describe('flat line', () => {
  it('is seen after 30 s of zeros behind noise, to the sample', () => {
    const line = flatLine();
    assert.equal(line.feed(blip(639)), false);
    assert.equal(line.feed(new Uint8Array(2 * RATE_HZ * 30 - 1)), false);
    assert.equal(line.feed(new Uint8Array(1)), true);
  });

  it('counts from the last sample that is not zero', () => {
    const line = flatLine();
    line.feed(blip(0));
    line.feed(zeros(29));
    assert.equal(line.feed(blip(0)), false);
    assert.equal(line.feed(zeros(29)), false);
    assert.equal(line.feed(zeros(1)), true);
  });

  it('is none where there was never any noise', () => {
    const line = flatLine();
    for (let i = 0; i < 100; i++) assert.equal(line.feed(zeros(10)), false);
  });

  it('is one from the first zero on where there was noise when the device was open before', () => {
    const line = new FlatLine({ format: SPEECH_FORMAT, channel: 1, limitMs: 30_000, hadNoise: true });
    assert.equal(line.feed(zeros(29)), false);
    assert.equal(line.feed(zeros(1)), true);
    assert.deepEqual([line.isFlat, line.hasNoise], [true, false]);
  });

  it('does not mind chunks of no samples', () => {
    const line = flatLine();
    line.feed(blip(3));
    assert.equal(line.feed(new Uint8Array(0)), false);
  });

  it('looks at every bit of the channel that is heard, and at no other, however the bytes are cut', () => {
    const format = { rateHz: 8_000, bits: 24, channels: 2 } as const;
    const frames = format.rateHz * 30;
    for (const [channel, place, isFlat] of [
      [1, 0, false],
      [1, 2, false],
      [1, 3, true],
      [2, 3, false],
      [2, 5, false],
      [2, 2, true],
    ] as const) {
      const line = new FlatLine({ format, channel, limitMs: 30_000, hadNoise: false });
      line.feed(new Uint8Array(6).fill(1));
      // One bit in every hundredth frame.
      const bytes = new Uint8Array(frames * 6).map((_, at) => (at % 600 === place ? 1 : 0));
      let isReached = false;
      for (let at = 0; at < bytes.length; at += 1_001) isReached ||= line.feed(bytes.subarray(at, at + 1_001));
      assert.equal(isReached, isFlat, `channel ${channel}, byte ${place}`);
    }
  });
});
