import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answer } from '../helpers/gemitars-scripts.js';
import { LEADS } from '../helpers/leads.js';
import { untilHolds } from '../helpers/process-tree.js';
import { furnish, type Room, utter } from '../helpers/room.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';

const STOP_WITHIN_MS = 2_000;
/** Until the pipe into a player is full, what the device is ahead and 5 s of grace; and what a busy machine adds. */
const HANG_NOTICED_MS = 2_500 + 400 + 5_000 + 3_000;
/** Longer than a pipe holds. */
const LONG_REPLY_MS = 6_000;

describe('SIGTERM', () => {
  for (const state of ['listening', 'userTurn', 'reply', 'draining'] as const) {
    it(`in ${state}: exit 0 within 2 s, the server told, no process left`, async (test) => {
      const room = await furnish(test);
      await LEADS[state](room);
      room.device.signal('SIGTERM');
      const exit = await room.device.exited;
      assert.deepEqual([exit.code, exit.signal], [0, null]);
      assert.ok(exit.ms <= STOP_WITHIN_MS, `${exit.ms} ms`);
      assert.deepEqual(room.device.leftovers(), []);
      assert.equal(room.server.all('session_end').length, state === 'listening' ? 0 : 1);
      assert.equal(room.device.all('client.stopped').at(-1)?.code, 0);
    });
  }

  it('while waiting for a connection: exit 0 within 2 s', async (test) => {
    const room = await furnish(test, { hasServer: false });
    const { sound: words } = await utter('what is the weather like today');
    const speaking = room.sound.speak(words);
    await room.device.waitFor('state.changed', { where: ({ to }) => to === 'hotwordDetected' });
    room.device.signal('SIGTERM');
    const exit = await room.device.exited;
    assert.equal(exit.code, 0);
    assert.ok(exit.ms <= STOP_WITHIN_MS);
    await speaking;
  });
});

/** The next conversation is heard. */
async function hearsAnswer(room: Room): Promise<void> {
  const { server, sound } = room;
  server.forget();
  await LEADS.userTurn(room);
  const fromMs = performance.now();
  await answer(server, whiteNoise(300, -20, 2));
  await sound.speaker.untilSound(fromMs, 1_000);
  assert.equal(server.all('playback_complete').length, 1);
}

describe('a loudspeaker that hangs in a long reply', () => {
  it('speaker: is noticed when its child takes no more, not at the end of the reply', async (test) => {
    const room = await furnish(test, { flags: ['--speaker.backend=speaker', '--cues.enabled=false'] });
    const { sound, server, device } = room;
    await LEADS.userTurn(room);
    const fromMs = performance.now();
    const sending = server.reply(whiteNoise(5 * LONG_REPLY_MS, -20), { speed: 50 });
    await sound.speaker.untilSound(fromMs, 5_000);
    device.mark();
    await sound.stall('spk');
    await device.waitFor('state.changed', { where: ({ to }) => to === 'listening', timeoutMs: HANG_NOTICED_MS });
    await sending;
    await sound.resume('spk');
    await hearsAnswer(room);
  });
});

describe('a player that hangs in a long reply', { concurrency: 2 }, () => {
  for (const [backend, command] of Object.entries({ aplay: 'aplay ', pacat: 'stream-name=loud' })) {
    it(`${backend}: is ended with the conversation, once, and plays in the next one`, async (test) => {
      const flags = [`--speaker.backend=${backend}`, '--mic.backend=arecord', '--cues.enabled=false'];
      const room = await furnish(test, { flags });
      const { sound, server, device } = room;
      await LEADS.userTurn(room);
      const fromMs = performance.now();
      const sending = server.reply(whiteNoise(LONG_REPLY_MS, -20), { speed: 50 });
      await sound.speaker.untilSound(fromMs, 5_000);
      const [player, ...others] = device.children().filter((child) => child.command.includes(command));
      assert.ok(player && others.length === 0);
      device.mark();
      process.kill(player.pid, 'SIGSTOP');
      await device.waitFor('state.changed', { where: ({ to }) => to === 'listening', timeoutMs: HANG_NOTICED_MS });
      await sending;
      await server.next('session_end', 1_000);
      assert.equal(server.all('playback_complete').length, 1);
      // A process is gone some milliseconds after it was killed.
      const isGone = () => !device.children().some(({ pid }) => pid === player.pid);
      await untilHolds(isGone, 1_000, () => `process ${player.pid} is still there`);
      await hearsAnswer(room);
    });
  }
});
