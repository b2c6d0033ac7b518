import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interruptionDetector } from '../../src/session/interruption.js';
import { concat, silence } from '../helpers/speech.js';
import { speechLike } from '../helpers/synthetic-speech.js';

/** Whether speech of this level, after a quiet moment, counts in a reply that was so loud at the microphone. */
function interrupts(speechDb: number, echoDb: number, durationMs = 600): boolean {
  const detector = interruptionDetector(16_000, echoDb);
  return detector.feed(concat(silence(300), speechLike(durationMs, speechDb))).isSpeaking;
}

describe('what interrupts a reply by speech', () => {
  it('is a person, where nothing is heard of the reply', () => {
    assert.equal(interrupts(-20, -100), true);
    assert.equal(interrupts(-35, -100), true);
  });

  it('is not what an echo canceller leaves, though the reply began quietly', () => {
    assert.equal(interrupts(-52, -100), false);
  });

  it('is louder than the reply itself was at the microphone', () => {
    assert.equal(interrupts(-40, -45), false);
    assert.equal(interrupts(-25, -45), true);
  });

  it('needs no shouting from a person who has spoken before it counted', () => {
    assert.equal(interrupts(-18, -18), true);
  });

  it('is no cough', () => {
    assert.equal(interrupts(-20, -100, 150), false);
  });
});
