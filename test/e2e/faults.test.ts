import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { childOf, type Fault, overcome, PARTS, type Part, PLAYING, REPLY_STALL_MS } from '../helpers/child-faults.js';
import { align } from '../helpers/correlate.js';
import { LEADS, type LedState } from '../helpers/leads.js';
import { outputOf } from '../helpers/processes.js';
import { furnish, type Room } from '../helpers/room.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';

/** A child may be stopped for so long without a loss: the buffers behind it are longer (pacat's 100 ms, others' 300 and more). */
const momentMs = ({ backend }: Part) => (backend === 'pacat' ? 50 : 150);

/** A loudspeaker is hungry, and misses its device, only while it plays. */
function isStruck({ device }: Part, fault: Fault, state: LedState): boolean {
  const isOfDevice = fault === 'starved' || fault === 'unplugged';
  return !isOfDevice || device === 'mic' || PLAYING.includes(state);
}

/** Strikes in a state, and waits until all is well again; answers how long that took. */
async function survive(room: Room, part: Part, fault: Fault, state: LedState): Promise<number> {
  const { server } = room;
  const told = { playback_complete: PLAYING.includes(state) ? 1 : 0, session_end: isSession(state) ? 1 : 0 };
  const before = { playback_complete: count(room, 'playback_complete'), session_end: count(room, 'session_end') };
  const led = await LEADS[state](room);
  const tookMs = await overcome(room, part, fault, state === 'muted' ? 'idle' : 'listening');
  for (const [message, number] of Object.entries(told)) {
    const known = before[message as keyof typeof before];
    await server.until(() => count(room, message) >= known + number, 1_000, `${number} more ${message}`);
    assert.equal(count(room, message) - known, number, message);
  }
  await led.restore();
  return tookMs;
}

/** Stops the child of a part, and lets it go on a moment later, however busy this process is. */
async function stopForAMoment({ device }: Room, part: Part): Promise<void> {
  const script = 'kill -STOP "$0"; sleep "$1"; kill -CONT "$0"';
  await outputOf('sh', ['-c', script, `${childOf(device, part)}`, `${momentMs(part) / 1_000}`], process.env);
}

function assertWhole(words: Int16Array, received: Int16Array): void {
  const { missing, doubled, damaged, correlation } = align(words, received);
  assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 }, `${correlation}`);
}

/** The person's words reach the server one and all, by the same child, and are answered. */
async function hearsThroughout(room: Room, part: Part): Promise<void> {
  const { sound, server, device } = room;
  const led = await LEADS.userTurn(room);
  device.mark();
  const pid = childOf(device, part);
  const words = whiteNoise(1_500, -20);
  const fromMs = performance.now();
  const speaking = sound.speak(words);
  await sound.microphone.untilSound(fromMs, 5_000);
  await stopForAMoment(room, part);
  await speaking;
  // What is heard now comes behind the words.
  const behind = server.audio().length + RATE_HZ;
  await server.until(() => server.audio().length >= behind, 5_000, 'another second of sound');
  assertWhole(words, server.audio());
  await server.reply(new Int16Array(1_600));
  await device.waitFor('reply.completed');
  await led.restore();
  assert.equal(childOf(device, part), pid);
}

/** The reply is heard one and all. */
async function playsThroughout(room: Room, part: Part): Promise<void> {
  const { sound, device } = room;
  const { reply, restore } = await LEADS.draining(room);
  assert.ok(reply);
  device.mark();
  await stopForAMoment(room, part);
  await device.waitFor('reply.completed');
  await restore();
  await sound.speaker.untilSilent(reply.fromMs, 200, 5_000);
  assertWhole(reply.words, sound.speaker.recording(reply.fromMs));
}

const count = ({ server }: Room, message: string) => server.all(message).length;
const isSession = (state: LedState) => ['userTurn', 'reply', 'draining'].includes(state);

describe('a child that is killed, aborted, stopped or starved, in every state', { concurrency: 2 }, () => {
  for (const part of PARTS) {
    it(`${part.name}: listening again in time, and the server is told once`, { timeout: 240_000 }, async (test) => {
      const quick = [
        '--cues.enabled=false',
        '--hotword.refractory_ms=500',
        `--session.reply_stall_ms=${REPLY_STALL_MS}`,
      ];
      const room = await furnish(test, { flags: [...part.flags, ...quick] });
      let replies = 0;
      for (const fault of part.faults) {
        const states = part.states.filter((state) => isStruck(part, fault, state));
        const took: string[] = [];
        for (const state of states) {
          try {
            took.push(`${state} ${Math.round(await survive(room, part, fault, state))}`);
          } catch (error) {
            throw new Error(`${part.name} ${fault} in ${state}: ${error}`, { cause: error });
          }
          replies += PLAYING.includes(state) ? 1 : 0;
        }
        test.diagnostic(`${part.name} ${fault}: well again after ms: ${took.join(', ')}`);
      }
      await (part.device === 'mic' ? hearsThroughout(room, part) : playsThroughout(room, part));
      await room.device.waitForState('activeSession.userTurn');
      await room.server.until(() => count(room, 'playback_complete') > replies, 1_000, 'the last playback_complete');
      assert.equal(count(room, 'playback_complete'), replies + 1);
      assert.equal(room.device.state, 'activeSession.userTurn');
    });
  }
});
