import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Endpointer } from '../../src/assistant/endpointer.js';
import { levelOut } from '../../src/assistant/reply.js';
import { rmsDb } from '../../src/pcm/level.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { concat, msOfSamples, samplesOfMs, say, scale, silence, type Voice } from '../helpers/speech.js';
import { mix, whiteNoise } from '../helpers/synthetic-speech.js';

const VOICES: readonly Voice[] = ['slt', 'rms', 'awb'];
const SENTENCES = ['what time is it in london', 'please switch off the light in the kitchen and play some music'];

/** Every utterance in a sound that ends with silence enough. */
function utterances(sound: Int16Array, followsHotword = false): Int16Array[] {
  const endpointer = new Endpointer({ rateHz: RATE_HZ, followsHotword });
  const found: Int16Array[] = [];
  for (let at = 0; at < sound.length; at += 1280) {
    const utterance = endpointer.feed(sound.subarray(at, at + 1280));
    if (utterance) found.push(utterance);
  }
  return found;
}

/** Where a part lies in the whole: its first sample and the one behind its last. */
function placeOf(part: Int16Array, whole: Int16Array): [from: number, to: number] {
  for (let from = 0; from + part.length <= whole.length; from++) {
    if (part.every((sample, i) => sample === whole[from + i])) return [from, from + part.length];
  }
  throw new Error('the utterance is not what was said');
}

function atLevel(samples: Int16Array, levelDb: number): Int16Array {
  return scale(samples, 10 ** ((levelDb - rmsDb(samples)) / 20));
}

for (const voice of VOICES) {
  describe(`utterances of the voice ${voice}`, () => {
    for (const noiseDb of [-90, -50, -35]) {
      test(`are found whole in noise of ${noiseDb} dBFS, 15 dB above it or at -35`, async () => {
        for (const sentence of SENTENCES) {
          const speech = atLevel(await say(sentence, voice), Math.max(-35, noiseDb + 15));
          const sound = concat(silence(1200), speech, silence(1500));
          const room = mix(sound, whiteNoise(msOfSamples(sound.length), noiseDb));
          const found = utterances(room);
          assert.equal(found.length, 1, sentence);
          const [from, to] = placeOf(found[0] ?? room, room);
          const start = samplesOfMs(1200);
          for (const missing of [speech.subarray(0, Math.max(0, from - start)), speech.subarray(to - start)]) {
            assert.ok(rmsDb(missing) < Math.max(noiseDb, -55), `${sentence}: ${rmsDb(missing)} dBFS missing`);
          }
          assert.ok(from > start - samplesOfMs(400), `${sentence}: from ${msOfSamples(from)} ms`);
          assert.ok(to < room.length - samplesOfMs(1500 - 400), `${sentence}: to ${msOfSamples(to)} ms`);
        }
      });
    }

    test('are not the tail of a hotword', async () => {
      const hotword = await say('hey tars', voice);
      for (const keptMs of [250, 500]) {
        const tail = hotword.subarray(-samplesOfMs(keptMs));
        assert.deepEqual(utterances(concat(tail, silence(3000)), true), []);
        const question = await say('what time is it', voice);
        const straightOn = utterances(concat(tail, silence(200), question, silence(1500)), true);
        assert.equal(straightOn.length, 1);
        const lengthMs = msOfSamples(straightOn[0]?.length ?? 0);
        // The last quarter of a second may be no more than a weak "s".
        const hotwordMs = keptMs < 500 ? 0 : 400;
        assert.ok(
          lengthMs > msOfSamples(question.length) + hotwordMs,
          `${lengthMs} ms, behind ${keptMs} ms of hotword`,
        );
      }
    });

    test('are as loud as each other in the reply', async () => {
      const speech = await say(SENTENCES[0] ?? '', voice);
      for (const levelDb of [-40, -15]) {
        const replyDb = rmsDb(levelOut(atLevel(speech, levelDb), RATE_HZ));
        assert.ok(replyDb > -25 && replyDb < -19, `${replyDb} dBFS`);
      }
    });
  });
}
