import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { synthesiseChime } from '../../src/assistant/chime.js';
import { composeReply, levelOut } from '../../src/assistant/reply.js';
import { peakDb, rmsDb } from '../../src/pcm/level.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { concat, msOfSamples, samplesOfMs, silence } from '../helpers/speech.js';
import { mix, speechLike, whiteNoise } from '../helpers/synthetic-speech.js';

/** Where the middle of the energy lies, in hertz. */
function centroidHz(samples: Int16Array): number {
  let weighted = 0;
  let total = 0;
  for (let hz = 60; hz < 4000; hz += 20) {
    let real = 0;
    let imaginary = 0;
    samples.forEach((sample, i) => {
      real += sample * Math.cos((2 * Math.PI * hz * i) / RATE_HZ);
      imaginary += sample * Math.sin((2 * Math.PI * hz * i) / RATE_HZ);
    });
    weighted += hz * (real * real + imaginary * imaginary);
    total += real * real + imaginary * imaginary;
  }
  return weighted / total;
}

describe('chime', () => {
  const chime = synthesiseChime(RATE_HZ);

  test('is at most 600 ms of sound as loud as a voice', () => {
    assert.ok(msOfSamples(chime.length) > 300 && msOfSamples(chime.length) <= 600);
    assert.ok(Math.abs(peakDb(chime) + 9) < 0.1);
    assert.ok(rmsDb(chime) > -26 && rmsDb(chime) < -14, `${rmsDb(chime)} dBFS`);
  });

  test('begins softly and ends without a click', () => {
    assert.ok(peakDb(chime.subarray(0, samplesOfMs(5))) < -25);
    assert.ok(peakDb(chime.subarray(-samplesOfMs(5))) < -35);
  });

  test('has its energy where a voice has it', () => {
    const hz = centroidHz(chime);
    assert.ok(hz > 250 && hz < 1200, `${hz} Hz`);
  });

  test('can be made at any rate', () => {
    for (const rateHz of [8000, 48_000]) {
      assert.equal(synthesiseChime(rateHz).length / rateHz, chime.length / RATE_HZ);
    }
  });
});

describe('reply', () => {
  const heard = concat(silence(300), speechLike(1500, -38), silence(150));

  test('is the chime, a pause of 150 ms, and what was heard', () => {
    const chime = synthesiseChime(RATE_HZ);
    const reply = composeReply(chime, heard, RATE_HZ);
    const pauseEnd = chime.length + samplesOfMs(150);
    assert.equal(reply.length, pauseEnd + heard.length);
    assert.deepEqual(reply.slice(0, chime.length), chime);
    assert.deepEqual(reply.slice(chime.length, pauseEnd), silence(150));
    assert.deepEqual(reply.slice(pauseEnd), levelOut(heard, RATE_HZ));
  });

  test('is about -20 dBFS where somebody speaks, whether the voice was quiet or loud', () => {
    for (const levelDb of [-40, -30, -20, -12]) {
      const levelled = levelOut(concat(silence(300), speechLike(1500, levelDb), silence(700)), RATE_HZ);
      const speech = rmsDb(levelled.subarray(samplesOfMs(300), samplesOfMs(1800)));
      assert.ok(Math.abs(speech + 21) < 3, `${levelDb} → ${speech} dBFS`);
    }
  });

  test('does not make a storm of a whisper or of nothing', () => {
    assert.ok(rmsDb(levelOut(whiteNoise(1000, -70), RATE_HZ)) < -44);
    assert.deepEqual(levelOut(silence(500), RATE_HZ), silence(500));
    assert.equal(levelOut(new Int16Array(0), RATE_HZ).length, 0);
  });

  test('has the shape of what was heard: the same wave, another size', () => {
    const levelled = levelOut(heard, RATE_HZ);
    let product = 0;
    let heardPower = 0;
    let levelledPower = 0;
    heard.forEach((sample, i) => {
      product += sample * (levelled[i] ?? 0);
      heardPower += sample ** 2;
      levelledPower += (levelled[i] ?? 0) ** 2;
    });
    assert.ok(product / Math.sqrt(heardPower * levelledPower) > 0.995);
  });

  test('has no DC offset and both ends faded', () => {
    const levelled = levelOut(
      mix(speechLike(1500, -30), whiteNoise(1500, -50)).map((sample) => sample + 5000),
      RATE_HZ,
    );
    const mean = levelled.reduce((sum, sample) => sum + sample, 0) / levelled.length;
    assert.ok(Math.abs(mean) < 30, `${mean}`);
    assert.equal(levelled[0], 0);
    assert.equal(levelled.at(-1), 0);
  });

  test('stays below full scale, whatever was heard', () => {
    const sample = fc.oneof(
      { weight: 400, arbitrary: fc.integer({ min: -500, max: 500 }) },
      { weight: 1, arbitrary: fc.constantFrom(-32_768, 32_767) },
    );
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1000, maxLength: 3000 }), (values) => {
        assert.ok(peakDb(levelOut(Int16Array.from(values), RATE_HZ)) <= -0.99);
      }),
      { numRuns: 50 },
    );
  });
});
