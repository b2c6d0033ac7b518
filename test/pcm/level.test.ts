import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { peakDb, rmsDb, SILENCE_DB, SpeechDetector } from '../../src/pcm/level.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { concat, msOfSamples, samplesOfMs, silence } from '../helpers/speech.js';
import { mix, speechLike, whiteNoise } from '../helpers/synthetic-speech.js';

/** The stretches of speech that a detector finds, in milliseconds; an open one ends with the sound. */
function stretches(sound: Int16Array, chunkSamples = 512): { fromMs: number; toMs: number }[] {
  const detector = new SpeechDetector({ rateHz: RATE_HZ });
  const found: { fromMs: number; toMs: number }[] = [];
  const note = () => found.push({ fromMs: msOfSamples(detector.speechStart), toMs: msOfSamples(detector.speechEnd) });
  for (let at = 0; at < sound.length; at += chunkSamples) {
    const { isSpeaking, hasChanged } = detector.feed(sound.subarray(at, at + chunkSamples));
    if (hasChanged && !isSpeaking) note();
  }
  if (detector.isSpeaking) note();
  return found;
}

function assertNear(actual: number | undefined, expected: number, tolerance: number) {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual} is not about ${expected}`);
}

describe('level', () => {
  test('of a full-scale square wave is 0 dBFS, of a sine 3 dB less', () => {
    const square = Int16Array.from({ length: 1600 }, (_, i) => (i % 2 === 0 ? 32_767 : -32_768));
    const sine = Int16Array.from({ length: 1600 }, (_, i) => Math.round(32_767 * Math.sin((2 * Math.PI * i) / 160)));
    assertNear(rmsDb(square), 0, 0.01);
    assertNear(rmsDb(sine), -3.01, 0.01);
    assertNear(peakDb(sine), 0, 0.01);
    assert.equal(peakDb(Int16Array.of(0, -32_768, 5)), 0);
  });

  test('of silence and of nothing is the lowest level, not minus infinity', () => {
    assert.equal(rmsDb(silence(10)), SILENCE_DB);
    assert.equal(rmsDb(new Int16Array(0)), SILENCE_DB);
    assert.equal(peakDb(new Int16Array(0)), SILENCE_DB);
  });
});

describe('speech detector', () => {
  const sentence = speechLike(1500, -26);

  test('hears a sentence in silence, and where it begins and ends', () => {
    const found = stretches(concat(silence(1000), sentence, silence(1000)));
    assert.equal(found.length, 1);
    assertNear(found[0]?.fromMs, 1000, 25);
    assertNear(found[0]?.toMs, 2500, 65);
  });

  for (const noiseDb of [-70, -50, -35]) {
    test(`hears speech 15 dB above noise of ${noiseDb} dBFS, and nothing in the noise`, () => {
      const speech = concat(silence(3000), speechLike(2000, noiseDb + 15), silence(3000));
      const found = stretches(mix(speech, whiteNoise(8000, noiseDb)));
      assert.equal(found.length, 1, JSON.stringify(found));
      assertNear(found[0]?.fromMs, 3000, 40);
      assertNear(found[0]?.toMs, 5000, 80);
    });
  }

  test('hears speech again and again in a noisy room', () => {
    const turn = concat(silence(1500), speechLike(1800, -20), silence(1500));
    const turns = concat(turn, turn, turn, turn, turn);
    assert.equal(stretches(mix(turns, whiteNoise(msOfSamples(turns.length), -35))).length, 5);
  });

  test('hears speech on a DC offset, and takes neither the offset nor its beginning for speech', () => {
    const sound = concat(silence(1000), sentence, silence(1000)).map((sample) => sample + 6000);
    assert.equal(stretches(sound).length, 1);
    assert.deepEqual(stretches(silence(2000).map(() => 6000)), []);
    assert.deepEqual(
      stretches(
        concat(
          silence(1000),
          silence(2000).map(() => 6000),
        ),
      ),
      [],
    );
  });

  test('does not count clicks, not even many', () => {
    const click = concat(whiteNoise(15, -15), silence(185));
    assert.deepEqual(stretches(concat(silence(500), ...Array.from({ length: 20 }, () => click))), []);
    assert.equal(stretches(concat(silence(500), speechLike(180, -26), silence(500))).length, 1);
  });

  test('keeps the gaps between words inside of speech', () => {
    const words = concat(sentence, silence(200), sentence, silence(500), sentence, silence(500));
    assert.equal(stretches(concat(silence(500), words)).length, 2);
  });

  test('hears speech that is under way at the first sample, to its end', () => {
    for (const noiseDb of [-70, -40]) {
      const found = stretches(mix(concat(sentence, silence(2000)), whiteNoise(3500, noiseDb)));
      assert.equal(found.length, 1);
      assertNear(found[0]?.fromMs, 0, 25);
      assertNear(found[0]?.toMs, 1500, 80);
    }
  });

  test('hears a long vowel to its end', () => {
    const vowel = Int16Array.from({ length: samplesOfMs(1700) }, (_, i) =>
      Math.round(825 * Math.sin((2 * Math.PI * 200 * i) / RATE_HZ)),
    );
    const found = stretches(mix(concat(silence(1000), vowel, silence(1000)), whiteNoise(3700, -50)));
    assert.equal(found.length, 1);
    assertNear(found[0]?.toMs, 2700, 40);
  });

  test('does not take the noise after digital silence for speech', () => {
    assert.deepEqual(stretches(concat(silence(1000), whiteNoise(3000, -62))), []);
  });

  test('gets used to a new steady sound within five seconds, and then hears speech above it', () => {
    const fan = whiteNoise(12_000, -38);
    const speech = concat(silence(8000), speechLike(1500, -22), silence(2500));
    const found = stretches(concat(whiteNoise(3000, -65), mix(fan, speech)));
    assert.ok((found[0]?.toMs ?? 0) < 8000, JSON.stringify(found));
    assert.equal(found.length, 2);
    assertNear(found[1]?.fromMs, 11_000, 40);
  });

  test('hears speech as soon as the noise stops', () => {
    const sound = concat(whiteNoise(5000, -35), mix(whiteNoise(1000, -65), concat(silence(300), speechLike(700, -50))));
    assert.equal(stretches(sound).length, 1);
  });

  test('goes on through half a minute of fluent speech', () => {
    const found = stretches(mix(speechLike(30_000, -26), whiteNoise(30_000, -50)));
    assert.equal(found.length, 1);
  });

  test('finds the same whatever the size of the chunks', () => {
    const sound = mix(concat(silence(700), sentence, silence(700)), whiteNoise(2900, -50));
    const expected = stretches(sound, 320);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (size) => {
        assert.deepEqual(stretches(sound, size), expected);
      }),
      { numRuns: 20 },
    );
  });

  test('reports the level of the last frame, without the offset', () => {
    const detector = new SpeechDetector({ rateHz: RATE_HZ });
    const { levelDb } = detector.feed(whiteNoise(500, -40).map((sample) => sample + 3000));
    assertNear(levelDb, -40, 2);
    assert.equal(detector.frameSamples, samplesOfMs(20));
  });

  test('lets speech begin with the loud moments shortly before it, where it is asked to', () => {
    for (const [joinMs, startMs] of [
      [0, 700],
      [400, 300],
      [300, 700],
    ] as const) {
      const detector = new SpeechDetector({ rateHz: RATE_HZ, joinMs });
      const syllable = speechLike(60, -20);
      detector.feed(concat(silence(300), syllable, silence(340), speechLike(600, -20)));
      assert.equal(detector.isSpeaking, true);
      assert.ok(Math.abs(detector.speechStart / 16 - startMs) <= 40, `${joinMs} ms: ${detector.speechStart / 16} ms`);
    }
  });
});
