import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { childOf, type Fault, overcome, PARTS, type Part, PLAYING, REPLY_STALL_MS } from '../helpers/child-faults.js';
import { LEADS, type LedState } from '../helpers/leads.js';
import { furnish, type Room } from '../helpers/room.js';

/** A loudspeaker is hungry only while it plays. Without a device every state is the same but for what is told of it. */
function isStruck({ device }: Part, fault: Fault, state: LedState): boolean {
  if (fault === 'unplugged') return device === 'spk' ? PLAYING.includes(state) : ['listening', 'reply'].includes(state);
  return fault !== 'starved' || device === 'mic' || PLAYING.includes(state);
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
      // Stopped for a moment and continued, nothing is lost, and the conversation goes on.
      const led = await LEADS[part.device === 'mic' ? 'userTurn' : 'draining'](room);
      room.device.mark();
      const pid = childOf(room.device, part);
      process.kill(pid, 'SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 300));
      process.kill(pid, 'SIGCONT');
      if (part.device === 'mic') await room.server.reply(new Int16Array(1_600));
      await room.device.waitFor('reply.completed');
      await led.restore();
      await room.device.waitForState('activeSession.userTurn');
      await room.server.until(() => count(room, 'playback_complete') > replies, 1_000, 'the last playback_complete');
      assert.equal(count(room, 'playback_complete'), replies + 1);
      if (part.device === 'mic') assert.equal(childOf(room.device, part), pid);
      assert.equal(room.device.state, 'activeSession.userTurn');
    });
  }
});
