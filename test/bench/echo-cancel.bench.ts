import { describe, it } from 'node:test';
import { bargeInBySpeech } from '../helpers/speech-barge-in.js';

describe("barge-in by speech with PulseAudio's echo canceller, the loudspeaker at -10 dB in the microphone", () => {
  it('10 long replies do not interrupt themselves, a person interrupts 5 of 5', (test) =>
    bargeInBySpeech(test, { replies: 10, interruptions: 5 }));
});
