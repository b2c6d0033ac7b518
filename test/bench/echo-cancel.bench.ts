import { describe, it } from 'node:test';
import { bargeInBySpeech } from '../helpers/speech-barge-in.js';
import { report } from './figures.js';

const tell = (what: string, unit: string, values: readonly number[]) =>
  report({ bench: 'echo-cancel', what, of: 'barge-in by speech', unit, values });

describe("barge-in by speech with PulseAudio's echo canceller, the loudspeaker at -10 dB in the microphone", () => {
  it('10 long replies do not interrupt themselves, a person interrupts 5 of 5', async (test) => {
    const { silentAfterMs, alike, softenedDb } = await bargeInBySpeech(test, { replies: 10, interruptions: 5 });
    tell('first word → last sample of the reply', 'ms', silentAfterMs);
    tell('correlation of what the server heard', '', alike);
    tell('how much softer the first 0.3 s came', 'dB', softenedDb);
  });
});
