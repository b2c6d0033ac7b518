import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, SPEECH_FORMAT, samplesOf } from '../../src/pcm/format.js';
import { rampDown, rampUp } from '../../src/pcm/ramp.js';

const STEREO = { ...SPEECH_FORMAT, channels: 2 };

test('a ramp of 5 ms leads from silence to the frame without a step', () => {
  const ramp = [0, ...samplesOf(rampUp(bytesOf(Int16Array.of(-30_000)), SPEECH_FORMAT)), -30_000];
  assert.equal(ramp.length, 82);
  for (let i = 1; i < ramp.length; i++) {
    const step = (ramp[i] ?? 0) - (ramp[i - 1] ?? 0);
    assert.ok(step <= 0 && step > -1_200, `${step} at ${i}`);
  }
});

test('the way down is the way up backwards, in each channel', () => {
  const frame = bytesOf(Int16Array.of(10_000, -20_000));
  const up = samplesOf(rampUp(frame, STEREO));
  const down = samplesOf(rampDown(frame, STEREO));
  const left = (samples: Int16Array) => samples.filter((_, i) => i % 2 === 0);
  assert.deepEqual(left(down), left(up).toReversed());
  assert.ok((up.at(-2) ?? 0) > 9_900 && (up.at(-1) ?? 0) < -19_900);
  assert.ok((down[0] ?? 0) > 9_900 && (down[1] ?? 0) < -19_900);
});

test('there is none where nothing was played, and none of other widths', () => {
  assert.equal(rampDown(new Uint8Array(0), SPEECH_FORMAT).length, 0);
  assert.equal(rampUp(new Uint8Array(4), { ...SPEECH_FORMAT, bits: 32 }).length, 0);
});
