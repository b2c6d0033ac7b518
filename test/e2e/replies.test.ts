import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { playReply, type ReplyShape, randomFrom, randomShape, roomInConversation } from '../helpers/reply-shapes.js';

const COMPLETE_WITHIN_MS = 150;
const RANDOM_REPLIES = 30;

/** As fast as they play or faster: heard without a gap. */
const STEADY: readonly ReplyShape[] = [
  { name: 'nothing', durationMs: 0, options: {} },
  { name: '20 ms', durationMs: 20, options: { chunkMs: 20 } },
  { name: '3 s, three times as fast', durationMs: 3_000, options: { speed: 3 } },
  { name: '3 s, fifty times as fast', durationMs: 3_000, options: { speed: 50 } },
  { name: '2 s in bursts of 600 ms, 300 ms apart', durationMs: 2_000, options: { chunkMs: 600, speed: 2 } },
];

/** Slower: the most gaps each may have, far fewer than it has messages. */
const SLOW: readonly (ReplyShape & { maxUnderruns: number })[] = [
  { name: '3 s at half of real time', durationMs: 3_000, options: { speed: 0.5 }, isSlow: true, maxUnderruns: 9 },
  {
    name: '2 s in bursts of 200 ms, 300 ms apart',
    durationMs: 2_000,
    options: { chunkMs: 200, speed: 2 / 3 },
    isSlow: true,
    maxUnderruns: 6,
  },
];
/** In real time nothing is gained after the start: moments of a busy machine may cost gaps, after which more waits. */
const MINUTE: ReplyShape = { name: 'a minute at real time', durationMs: 60_000, options: { speed: 1 }, isSlow: true };

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe('replies', { concurrency: 2 }, () => {
  it('of a minute are played whole, and completed once', async (test) => {
    const room = await roomInConversation('speaker', (end) => test.after(end));
    const { completeMs, underruns } = await playReply(room, MINUTE, 1);
    test.diagnostic(`completed ${completeMs?.toFixed(0)} ms after the last sample, ${underruns} underruns`);
    assert.ok(underruns <= 3, `${underruns} underruns`);
  });

  it(`of ${RANDOM_REPLIES} random shapes are completed never early, and soon`, async (test) => {
    const room = await roomInConversation('speaker', (end) => test.after(end));
    const random = randomFrom(1);
    const completeMs: number[] = [];
    for (let round = 0; round < RANDOM_REPLIES; round++) {
      const played = await playReply(room, randomShape(random), round + 1);
      completeMs.push(played.completeMs ?? Number.NaN);
    }
    test.diagnostic(`so many ms after the last sample: ${completeMs.map(Math.round).join(', ')}`);
    assert.ok(median(completeMs) <= COMPLETE_WITHIN_MS, `${completeMs}`);
  });

  for (const loudspeaker of ['speaker', 'aplay', 'pacat']) {
    it(`of all speeds are played whole by ${loudspeaker}, with few gaps where they are slow, and completed once`, async (test) => {
      const room = await roomInConversation(loudspeaker, (end) => test.after(end));
      const gaps: string[] = [];
      for (const [index, shape] of STEADY.entries()) {
        const { inserted, underruns } = await playReply(room, shape, index + 1);
        if (inserted > 0 || underruns > 0) gaps.push(`${shape.name}: ${underruns} underruns, ${inserted} samples`);
      }
      // A machine that has no time for a quarter of a second may cost one; test/e2e/sound.test.ts is stricter.
      assert.ok(gaps.length <= 1, gaps.join('; '));
      const completions = room.server.all('playback_complete').length;
      await room.server.say('start_of_tts_stream');
      await room.server.send(new Uint8Array(1));
      await room.server.say('tts_stream_end');
      await room.server.next('playback_complete');
      assert.equal(room.server.all('playback_complete').length, completions + 1, 'one byte');
      await room.device.waitForState('activeSession.userTurn');
      for (const [index, shape] of SLOW.entries()) {
        const { inserted, underruns } = await playReply(room, shape, index + 11);
        test.diagnostic(`${shape.name}: ${underruns} underruns, ${Math.round(inserted / 16)} ms of silence`);
        assert.ok(inserted > 0 && underruns > 0 && underruns <= shape.maxUnderruns, `${shape.name}: ${underruns}`);
      }
    });
  }
});
