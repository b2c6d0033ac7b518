import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AudioError } from '../../src/errors.js';
import { createResampler } from '../../src/pcm/resampler.js';

const AMPLITUDE = 10_000;

function tone(rateHz: number, hz: number, seconds: number): Int16Array {
  return Int16Array.from({ length: Math.round(rateHz * seconds) }, (_, i) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / rateHz)),
  );
}

/** Feeds in blocks of odd lengths and returns everything that comes out. */
async function resample(sound: Int16Array, fromHz: number, toHz: number, block = 1001): Promise<Int16Array> {
  const resampler = await createResampler(fromHz, toHz);
  const out: number[] = [];
  for (let at = 0; at < sound.length; at += block) out.push(...resampler.process(sound.subarray(at, at + block)));
  out.push(...resampler.flush());
  resampler.close();
  return Int16Array.from(out);
}

for (const [fromHz, toHz] of [
  [48_000, 16_000],
  [44_100, 16_000],
  [22_050, 16_000],
  [8_000, 16_000],
  [16_000, 24_000],
] as const) {
  test(`${fromHz} to ${toHz} Hz: a tone stays the tone, at the same place, in the same length`, async () => {
    const seconds = 0.5;
    const out = await resample(tone(fromHz, 440, seconds), fromHz, toHz);
    const wanted = tone(toHz, 440, seconds);
    assert.equal(out.length, wanted.length);
    const margin = toHz / 50;
    const worst = wanted.reduce((most, sample, i) => {
      const isInside = i > margin && i < wanted.length - margin;
      return isInside ? Math.max(most, Math.abs(sample - (out[i] ?? 0))) : most;
    }, 0);
    assert.ok(worst < 20, `a sample differs by ${worst}`);
  });
}

test('the blocks in which the samples come make no difference', async () => {
  const sound = tone(44_100, 300, 0.2);
  assert.deepEqual(await resample(sound, 44_100, 16_000, 7), await resample(sound, 44_100, 16_000, 100_000));
});

test('what the lower rate cannot carry is gone, not folded down', async () => {
  const out = await resample(tone(48_000, 12_000, 0.3), 48_000, 16_000);
  const loudest = out.subarray(500, -500).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  assert.ok(loudest < AMPLITUDE / 1000, `${loudest} is left`);
});

test('after a flush a new stream begins', async () => {
  const resampler = await createResampler(48_000, 16_000);
  const sound = tone(48_000, 440, 0.1);
  const run = () => [...resampler.process(sound), ...resampler.flush()];
  assert.deepEqual(run(), run());
  resampler.close();
});

test('a closed resampler says so', async () => {
  const resampler = await createResampler(48_000, 16_000);
  resampler.close();
  resampler.close();
  assert.throws(() => resampler.process(new Int16Array(10)), AudioError);
  assert.throws(() => resampler.flush(), AudioError);
});
