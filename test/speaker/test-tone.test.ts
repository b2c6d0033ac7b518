import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AudioError } from '../../src/errors.js';
import { msOfBytes, SPEECH_FORMAT } from '../../src/pcm/format.js';
import type { Playback, Speaker } from '../../src/speaker/speaker.js';
import { playTestTone } from '../../src/speaker/test-tone.js';
import { FakeClock } from '../link/support.js';

/** A loudspeaker that says `drained` when the test does. */
function bench() {
  const clock = new FakeClock();
  const ends: (() => void)[] = [];
  let durationMs = 0;
  let isCleared = false;
  const playback: Playback = {
    write: (pcm) => {
      durationMs = msOfBytes(SPEECH_FORMAT, pcm.length);
      return true;
    },
    writable: () => Promise.resolve(),
    drain: () => new Promise((resolve) => ends.push(resolve)),
    clear: async () => {
      isCleared = true;
    },
  };
  const speaker: Speaker = { backend: 'test', run: () => Promise.resolve(), open: () => playback };
  const playing = playTestTone(speaker, 1, clock);
  const drained = () => {
    for (const end of ends) end();
  };
  return { clock, playing, drained, durationMs, isCleared: () => isCleared };
}

describe('the test tone', () => {
  it('was played when the loudspeaker says so', async () => {
    const { clock, playing, drained, durationMs } = bench();
    clock.advance(durationMs);
    drained();
    await playing;
    assert.equal(clock.pending, 0);
  });

  it('was not played where another sound took its place', async () => {
    const { clock, playing, drained, durationMs } = bench();
    clock.advance(durationMs / 2);
    drained();
    await assert.rejects(playing, AudioError);
  });

  it('is given up where the loudspeaker says nothing', async () => {
    const { clock, playing, durationMs, isCleared } = bench();
    clock.advance(durationMs + 5_000);
    await assert.rejects(playing, AudioError);
    assert.equal(isCleared(), true);
  });
});
