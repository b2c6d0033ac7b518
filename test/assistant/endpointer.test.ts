import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Endpointer, type EndpointerOptions } from '../../src/assistant/endpointer.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { concat, msOfSamples, samplesOfMs, silence } from '../helpers/speech.js';
import { mix, speechLike, whiteNoise } from '../helpers/synthetic-speech.js';

interface Found {
  utterance: Int16Array;
  /** The moment of the decision. */
  atMs: number;
}

function listen(sound: Int16Array, options: Partial<EndpointerOptions> = {}, chunkSamples = 320): Found[] {
  const endpointer = new Endpointer({ rateHz: RATE_HZ, ...options });
  const found: Found[] = [];
  for (let at = 0; at < sound.length; at += chunkSamples) {
    const utterance = endpointer.feed(sound.subarray(at, at + chunkSamples));
    if (utterance) found.push({ utterance, atMs: msOfSamples(at + chunkSamples) });
  }
  return found;
}

/** The only one. */
function one(found: Found[]): Found {
  assert.equal(found.length, 1);
  const [only] = found;
  assert.ok(only);
  return only;
}

function assertBetween(value: number, low: number, high: number) {
  assert.ok(value >= low && value <= high, `${value} is not from ${low} to ${high}`);
}

describe('endpointer', () => {
  const sentence = speechLike(1500, -26);
  const asked = concat(silence(1000), sentence, silence(2000));

  test('gives the whole sentence with 300 ms before it and behind it', () => {
    const { utterance } = one(listen(asked));
    assertBetween(msOfSamples(utterance.length), 300 + 1440 + 280, 300 + 1500 + 340);
    const start = utterance.findIndex((sample) => sample !== 0);
    assertBetween(msOfSamples(start), 280, 330);
    const from = asked.findIndex((sample) => sample !== 0) - start;
    assert.deepEqual(utterance, asked.slice(from, from + utterance.length));
  });

  test('decides 800 ms after the last speech, or as told', () => {
    assertBetween(one(listen(asked)).atMs, 2500 + 740, 2500 + 840);
    assertBetween(one(listen(asked, { endOfSpeechMs: 300 })).atMs, 2500 + 240, 2500 + 340);
  });

  test('keeps a pause of 600 ms inside of the sentence and splits at one of 1000 ms', () => {
    const withPause = (ms: number) => concat(silence(500), sentence, silence(ms), sentence, silence(1500));
    assert.ok(msOfSamples(one(listen(withPause(600))).utterance.length) > 3600);
    assert.equal(listen(withPause(1000)).length, 2);
  });

  test('finds the sentence in a noisy room', () => {
    for (const noiseDb of [-50, -35]) {
      const speech = concat(silence(1000), speechLike(1500, noiseDb + 15), silence(2000));
      const { utterance, atMs } = one(listen(mix(speech, whiteNoise(4500, noiseDb))));
      assertBetween(msOfSamples(utterance.length), 1850, 2200);
      assertBetween(atMs, 3200, 3400);
    }
  });

  test('does not take the tail of the hotword for an utterance', () => {
    for (const tailMs of [180, 400, 850]) {
      const sound = concat(speechLike(tailMs, -26), silence(3000));
      assert.deepEqual(listen(sound, { followsHotword: true }), [], `${tailMs} ms`);
    }
  });

  test('takes a short word where no hotword was before, and a later short word where one was', () => {
    const word = speechLike(300, -26);
    one(listen(concat(word, silence(1500))));
    one(listen(concat(silence(400), word, silence(1500)), { followsHotword: true }));
  });

  test('takes the hotword with it when the person goes straight on', () => {
    const sound = concat(speechLike(400, -26), silence(300), sentence, silence(1500));
    assertBetween(msOfSamples(one(listen(sound, { followsHotword: true })).utterance.length), 2250, 2550);
  });

  test('hears the sentence that comes some time after the tail, without the tail', () => {
    const sound = concat(speechLike(400, -26), silence(1500), sentence, silence(1500));
    assertBetween(msOfSamples(one(listen(sound, { followsHotword: true })).utterance.length), 1850, 2150);
  });

  test('cuts an utterance at its limit and goes on behind it', () => {
    const found = listen(concat(silence(500), speechLike(8000, -26), silence(1500)), { limitMs: 3000 });
    assert.equal(found.length, 3);
    const lengths = found.map(({ utterance }) => msOfSamples(utterance.length));
    assertBetween(lengths[0] ?? 0, 3200, 3320);
    assertBetween(lengths[1] ?? 0, 2900, 3020);
    const all = concat(...found.map(({ utterance }) => utterance));
    assertBetween(msOfSamples(all.length), 300 + 8000 + 50, 300 + 8000 + 350);
  });

  test('hears nothing in silence, in noise and in clicks', () => {
    const clicks = concat(...Array.from({ length: 5 }, () => concat(whiteNoise(10, -20), silence(300))));
    for (const sound of [silence(3000), whiteNoise(3000, -45), clicks]) assert.deepEqual(listen(sound), []);
  });

  test('says while it hears', () => {
    const endpointer = new Endpointer({ rateHz: RATE_HZ });
    endpointer.feed(silence(500));
    assert.equal(endpointer.isHearing, false);
    endpointer.feed(sentence);
    assert.equal(endpointer.isHearing, true);
    endpointer.feed(silence(500));
    assert.equal(endpointer.isHearing, true, 'a pause is no end');
    assert.ok(endpointer.feed(silence(500)));
    assert.equal(endpointer.isHearing, false);
  });

  test('finds the very same whatever the size of the chunks', () => {
    const sound = mix(asked, whiteNoise(4500, -55));
    const expected = one(listen(sound)).utterance;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: samplesOfMs(4500) }), (size) => {
        assert.deepEqual(one(listen(sound, {}, size)).utterance, expected);
      }),
      { numRuns: 15 },
    );
  });

  test('cuts at the very same sample whatever the size of the chunks', () => {
    const sound = concat(silence(500), speechLike(2500, -26));
    const cut = (size: number) => one(listen(sound, { limitMs: 1510 }, size)).utterance;
    for (const size of [1, 317, 512, 2560]) assert.deepEqual(cut(size), cut(320), `${size} samples`);
  });
});
