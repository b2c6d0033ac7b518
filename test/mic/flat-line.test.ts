import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FlatLine } from '../../src/mic/flat-line.js';

const RATE_HZ = 16_000;
const flatLine = () => new FlatLine({ rateHz: RATE_HZ, limitMs: 30_000 });
const zeros = (seconds: number) => new Int16Array(RATE_HZ * seconds);
const blip = (at: number, length = 640) => new Int16Array(length).map((_, i) => (i === at ? -1 : 0));

describe('flat line', () => {
  it('is seen after 30 s of zeros behind noise, to the sample', () => {
    const line = flatLine();
    assert.equal(line.feed(blip(639)), false);
    assert.equal(line.feed(new Int16Array(RATE_HZ * 30 - 1)), false);
    assert.equal(line.feed(new Int16Array(1)), true);
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

  it('does not mind chunks of no samples', () => {
    const line = flatLine();
    line.feed(blip(3));
    assert.equal(line.feed(new Int16Array(0)), false);
  });
});
