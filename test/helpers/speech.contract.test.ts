import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPrograms } from './processes.js';
import { atPeak, concat, msOfSamples, samplesOfMs, say, scale, silence, trim } from './speech.js';

const skip = missingPrograms(['flite']).length > 0 && 'needs flite: run ./setup.sh --test';

test('a text begins and ends with speech, and is the same every time', { skip }, async () => {
  const speech = await say('hey tars');
  assert.ok(Math.abs(speech.at(0) ?? 0) > 40 && Math.abs(speech.at(-1) ?? 0) > 40);
  assert.ok(msOfSamples(speech.length) > 400 && msOfSamples(speech.length) < 1500, `${speech.length} samples`);
  const again = await say('hey tars');
  assert.deepEqual(again, speech);
  again.fill(0);
  assert.deepEqual(await say('hey tars'), speech);
});

test('voices and texts differ', { skip }, async () => {
  const [slt, rms, other] = await Promise.all([say('one'), say('one', 'rms'), say('two')]);
  assert.notDeepEqual(slt, rms);
  assert.notDeepEqual(slt, other);
});

test('a voice that flite does not know is an error, every time', { skip }, async () => {
  await assert.rejects(say('one', 'nobody' as 'slt'));
  await assert.rejects(say('one', 'nobody' as 'slt'));
});

test('sounds are joined, cut and scaled to the sample', () => {
  const sound = Int16Array.of(0, 30, -500, 0, 1000, -40, 0);
  assert.deepEqual(trim(sound), Int16Array.of(-500, 0, 1000));
  assert.deepEqual(trim(silence(1)), new Int16Array(0));
  assert.deepEqual(concat(sound.subarray(2, 4), Int16Array.of(7)), Int16Array.of(-500, 0, 7));
  assert.deepEqual(scale(Int16Array.of(100, -30_000, 30_000), 2), Int16Array.of(200, -32_768, 32_767));
  assert.equal(Math.max(...atPeak(sound, -6)), Math.round(32_767 * 10 ** (-6 / 20)));
  assert.equal(samplesOfMs(20), 320);
});
