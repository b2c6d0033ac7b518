import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { align } from '../helpers/correlate.js';
import { addEcho } from '../helpers/echo.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { furnish, type Room, utter } from '../helpers/room.js';
import { concat, say, silence } from '../helpers/speech.js';

/** From the hotword to silence, in the middle of the cases: the promise of 50 ms and what the recording may be wrong by. */
const SILENT_WITHIN_MS = 75;
/** In every case: a machine that is busy with other things may take its time, but the reply would go on for seconds. */
const SILENT_AT_LAST_MS = 500;

const LONG =
  'The history of the lighthouse begins in Alexandria, where a great light stood at the entrance of the harbour. ' +
  'At night a fire burned at its top, and ships saw it from thirty miles away.';

async function ask({ sound, server }: Room): Promise<void> {
  await sound.speak((await utter('tell me about lighthouses')).sound);
  await server.next('hotword_detected');
}

/** How a reply is hit at some of its tenths: all of it has come by then, or it still comes, and the rest is dropped. */
const HITS = [
  { tenths: [1, 3, 5, 7, 9], speed: 10, from: 'activeSession.draining' },
  { tenths: [2, 4, 6, 8], speed: 1, from: 'activeSession.reply' },
] as const;

describe('barge-in by hotword', { concurrency: true }, () => {
  for (const { tenths, speed, from } of HITS) {
    it(`in ${from}, at the tenths ${tenths}: silence, one completion, and what the person says reaches the server whole`, async (test) => {
      const room = await furnish(test, { flags: ['--cues.enabled=false'] });
      const { sound, server, device } = room;
      const reply = await say(LONG, 'awb');
      const lengthMs = reply.length / 16;
      const { sound: words, hotwordEnd } = await utter('stop that and turn on the lights', 'rms');
      const silentMs: number[] = [];
      for (const tenth of tenths) {
        await ask(room);
        const completed = server.all('playback_complete').length;
        device.mark();
        const sending = server.reply(reply, { speed });
        const started = await device.waitFor('reply.started');
        const dueMs = started.atMs + (lengthMs * tenth) / 10 - hotwordEnd / 16;
        await sound.speaker.until(() => sound.speaker.endMs >= dueMs, lengthMs + 2_000);
        await sound.speak(words);
        const detected = await device.waitFor('hotword.detected', { timeoutMs: 3_000 });
        const left = await device.waitFor('state.changed', { where: ({ to }) => to === 'activeSession.userTurn' });
        assert.equal(left.from, from, `tenth ${tenth}`);
        await server.next('playback_complete', 1_000);
        const heard = align(words.subarray(hotwordEnd), server.audio());
        assert.deepEqual(
          [heard.missing, heard.doubled, heard.damaged],
          [0, 0, 0],
          `tenth ${tenth}: the person's words`,
        );
        await sound.speaker.untilSilent(detected.atMs, 200, SILENT_AT_LAST_MS + 500);
        const lastMs = sound.speaker.lastSoundMs(detected.atMs - 200) ?? detected.atMs;
        silentMs.push(lastMs - detected.atMs);
        await sending;
        await device.waitForState('activeSession.userTurn');
        const answerMs = performance.now();
        assert.equal(sound.speaker.firstSoundMs(lastMs + 100), undefined, `tenth ${tenth}: the rest is not played`);
        await answer(server, await say('All right.'), { speed: 3 });
        assert.ok((sound.speaker.firstSoundMs(answerMs) ?? Number.NaN) > answerMs, `tenth ${tenth}: the next reply is`);
        assert.equal(server.all('playback_complete').length, completed + 2);
        await server.endSession();
        await device.waitForState('listening');
      }
      test.diagnostic(`silent so many ms after the hotword: ${silentMs.map(Math.round).join(', ')}`);
      assert.ok(
        (silentMs.toSorted((a, b) => a - b)[silentMs.length >> 1] ?? Number.NaN) <= SILENT_WITHIN_MS,
        `${silentMs}`,
      );
      assert.ok(Math.max(...silentMs) <= SILENT_AT_LAST_MS, `${silentMs}`);
    });
  }
});

/** 51 in all. */
const REPLIES_A_VOICE = 17;

/** The same with more phrases, rooms and repetitions, at the speed of the processor: test/hotword/echo-guard.contract.test.ts. */
describe('echo: the microphone hears the loudspeaker at -10 dB', { concurrency: true }, () => {
  for (const voice of ['slt', 'rms', 'awb'] as const) {
    it(`a reply in the voice ${voice} that says the hotword does not interrupt itself, ${REPLIES_A_VOICE} times`, async (test) => {
      const room = await furnish(test, { flags: ['--cues.enabled=false'] });
      const { sound, server, device } = room;
      await addEcho(sound);
      // The engine is armed one second into the reply; only then does the reply say it.
      const replies = await Promise.all(
        ['I wake up when you say', 'To interrupt me you may say', 'Nobody calls me anything but'].map(async (front) =>
          concat(await say(front, voice), silence(100), await say('hey tars', voice)),
        ),
      );
      await ask(room);
      for (let round = 0; round < REPLIES_A_VOICE; round++) {
        const { playbackComplete } = await answer(server, replies[round % replies.length] ?? silence(0), { speed: 5 });
        assert.ok(playbackComplete);
        await device.waitForState('activeSession.userTurn');
      }
      const echoes = device.lines.filter(({ msg }) => msg === 'the reply said it, not a person').length;
      test.diagnostic(`the microphone heard it ${echoes} times`);
      assert.ok(echoes > 0, 'the echo was never heard as a hotword, so nothing was tested');
      assert.equal(device.all('hotword.detected').length, 1, 'only the person woke it');
      assert.equal(device.all('reply.completed').length, REPLIES_A_VOICE);
    });
  }
});

describe('mute', () => {
  it('ends the capture process, forgets what was heard, and listens again when unmuted', async (test) => {
    const { sound, server, device } = await furnish(test);
    device.signal('SIGURG');
    await device.waitFor('state.changed', { where: ({ to }) => to === 'idle' });
    await device.waitForText('naudiodon is gone', 2_000);
    assert.ok(!device.children().some(({ command }) => command.includes('naudiodon-child')));
    const { sound: words, hotwordEnd } = await utter('nobody shall hear this');
    await sound.speak(words);
    assert.equal(device.all('hotword.detected').length, 0);
    device.signal('SIGURG');
    await device.waitForState('listening');
    const again = await utter('but this');
    await sound.speak(again.sound);
    await server.next('hotword_detected');
    await answer(server, await say('I heard that.'), { speed: 3 });
    const secret = align(words.subarray(hotwordEnd), server.audio());
    assert.ok(secret.correlation < 0.5);
    assert.equal(server.strayBlocks().length, 0);
  });
});
