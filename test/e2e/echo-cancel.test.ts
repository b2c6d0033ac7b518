import { describe, it } from 'node:test';
import { bargeInBySpeech } from '../helpers/speech-barge-in.js';

/** It plays on after speech has begun to count, one second into it; ten long ones: `npm run bench -- echo-cancel`. */
const SHORT = 'A tower of white stone stood at the entrance of the old harbour.';

describe("barge-in by speech with PulseAudio's echo canceller, the loudspeaker at -10 dB in the microphone", () => {
  it('a reply does not interrupt itself, a person does, and their words arrive from their beginning', async (test) => {
    await bargeInBySpeech(test, { alone: SHORT, replies: 3, interruptions: 3 });
  });
});
