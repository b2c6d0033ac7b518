import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { align } from '../helpers/correlate.js';
import { answer, NEVER_ENDING, OLD_GENERATION, OVERTAKEN } from '../helpers/gemitars-scripts.js';
import type { ReplyOptions } from '../helpers/gemitars-server.js';
import { furnish, utter } from '../helpers/room.js';
import { say } from '../helpers/speech.js';

describe('no server', () => {
  it('sounds the offline cue, listens again, sends nothing late, and finds the server when it starts', async (test) => {
    const room = await furnish(test, { hasServer: false, flags: ['--session.connect_grace_ms=1000'] });
    const { sound, server, device } = room;
    const { sound: words } = await utter('is anybody there');
    const sinceMs = performance.now();
    await sound.speak(words);
    await device.waitFor('state.changed', {
      where: ({ from, to }) => from === 'hotwordDetected' && to === 'listening',
    });
    await sound.speaker.untilSound(sinceMs, 2_000, 200);
    await server.start();
    await device.waitFor('link.up', { timeoutMs: 16_000 });
    const again = await utter('and now');
    await sound.speak(again.sound);
    await server.next('hotword_detected');
    await answer(server, await say('Yes, now I am here.'));
    assert.equal(server.strayBlocks().length, 0);
    const heard = align(again.sound.subarray(again.hotwordEnd), server.audio());
    assert.deepEqual([heard.missing, heard.doubled], [0, 0]);
    assert.equal(server.all('hotword_detected').length, 1, 'the first conversation is not sent late');
  });

  it('that comes within the grace gets everything that was said meanwhile', async (test) => {
    const { sound, server, device } = await furnish(test, {
      hasServer: false,
      flags: ['--session.connect_grace_ms=8000'],
    });
    const { sound: words, hotwordEnd } = await utter('this must not be lost whatever happens');
    const speaking = sound.speak(words);
    await device.waitFor('state.changed', { where: ({ to }) => to === 'hotwordDetected' });
    await server.start();
    await server.next('hotword_detected', 8_000);
    await speaking;
    await answer(server, await say('Nothing was lost.'));
    const heard = align(words.subarray(hotwordEnd), server.audio());
    assert.ok(heard.correlation >= 0.99);
    assert.deepEqual([heard.missing, heard.doubled, heard.damaged], [0, 0, 0]);
    assert.ok(heard.offset >= 8_000);
  });
});

describe('replies of every kind', () => {
  const KINDS: Record<string, ReplyOptions> = {
    'of the older generation': OLD_GENERATION,
    'overtaken by its end marker': OVERTAKEN,
    'in odd numbers of bytes': { isOdd: true, speed: 2 },
    'at real time': { speed: 1 },
    'all at once': { speed: Number.POSITIVE_INFINITY },
  };
  it('are played to the last sample, and completed once', async (test) => {
    const { sound, server, device } = await furnish(test);
    const words = await say('This is what the server says, and every sample of it shall be heard.', 'rms');
    const person = await utter('say something');
    for (const [kind, options] of Object.entries(KINDS)) {
      const completed = server.all('playback_complete').length;
      await sound.speak(person.sound);
      await server.next('hotword_detected');
      const sinceMs = performance.now();
      await answer(server, words, options);
      await sound.speaker.untilSilent(sinceMs, 200, 5_000);
      const played = align(words, sound.speaker.recording(sinceMs));
      assert.deepEqual([played.missing, played.doubled, played.damaged], [0, 0, 0], kind);
      assert.equal(server.all('playback_complete').length, completed + 1, kind);
      await server.endSession();
      await device.waitForState('listening');
    }
  });

  it('without an end are completed after the stall limit', async (test) => {
    const { sound, server } = await furnish(test, { flags: ['--session.reply_stall_ms=1500'] });
    await sound.speak((await utter('say something')).sound);
    await server.next('hotword_detected');
    const words = await say('And then', 'rms');
    const { playbackComplete, reply } = await answer(server, words, NEVER_ENDING);
    const waitedMs = playbackComplete.atMs - reply.lastByteAtMs;
    assert.ok(waitedMs >= 1_500 && waitedMs < 4_000, `${waitedMs} ms`);
  });
});

describe('what means nothing', () => {
  it('is ignored, logged once, and the conversation goes on', async (test) => {
    const { sound, server, device } = await furnish(test);
    await server.send(Buffer.alloc(101));
    await sound.speak((await utter('say something')).sound);
    await server.next('hotword_detected');
    for (const message of ['not JSON {', '[]', '{"type":5}', '{"type":"transcript","text":"hello"}']) {
      await server.send(message);
      await server.send(message);
    }
    await answer(server, await say('Fine.'));
    const kinds = device.all('protocol.ignored').map(({ type }) => type);
    assert.deepEqual(kinds, ['audio outside a session', 'text that is no message', 'unknown message type']);
    await server.endSession();
    await device.waitForState('listening');
  });
});
