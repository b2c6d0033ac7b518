import { createPocketsphinx } from '../../src/hotword/pocketsphinx.js';
import { hotwordSettings } from '../../src/parts.js';
import { configOf } from '../helpers/config.js';
import { concat, say, silence, type Voice } from '../helpers/speech.js';
import { testEngine } from './engine-contract.js';

const VOICES: readonly Voice[] = ['slt', 'rms', 'awb'];
const LEAD_MS = 500;

testEngine({
  name: 'pocketsphinx',
  create: () =>
    createPocketsphinx({ ...hotwordSettings(configOf({})).pocketsphinx, phrases: ['hey tars', 'computer'] }),
  spoken: async () => {
    const cases: { phrase: string; sound: Int16Array; endsAt: number }[] = [];
    for (const voice of VOICES) {
      for (const phrase of ['hey tars', 'computer']) {
        const sound = concat(silence(LEAD_MS), await say(phrase, voice));
        cases.push({ phrase, sound, endsAt: sound.length });
      }
    }
    return cases;
  },
  other: () => say('the quick brown fox jumps over the lazy dog, and tomorrow there will be rain in the hills', 'rms'),
  // The end is that of the last audible sample, which is later than the end of the last phone.
  toleranceMs: { early: 200, late: 20 },
  delayMs: 250,
});
