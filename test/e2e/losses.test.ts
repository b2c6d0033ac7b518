import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answer } from '../helpers/gemitars-scripts.js';
import { furnish, type Room, utter } from '../helpers/room.js';
import { say } from '../helpers/speech.js';

const BACK_WITHIN_MS = 3_000;
const STOP_WITHIN_MS = 2_000;

/** Leads the device into a state; resolves when it is there, with the reply that is being sent meanwhile. */
type Lead = (room: Room) => Promise<{ sending: Promise<unknown> } | undefined>;

const listening: Lead = async ({ device }) => {
  await device.waitForState('listening');
  return undefined;
};

const userTurn: Lead = async ({ sound, server, device }) => {
  const { sound: words } = await utter('what is the weather like today');
  await sound.speak(words);
  await server.next('hotword_detected');
  assert.equal(device.state, 'activeSession.userTurn');
  return undefined;
};

/** A reply that has only begun: its end is not sent. */
const reply: Lead = async (room) => {
  await userTurn(room);
  const { server, device } = room;
  device.mark();
  const sending = server.reply(await say('This reply is long enough to be lost in the middle of it.'), {
    speed: 1,
    hasEndMarker: false,
  });
  await device.waitFor('reply.started');
  return { sending };
};

const draining: Lead = async (room) => {
  await userTurn(room);
  const { server, device } = room;
  device.mark();
  const sending = server.reply(await say('This reply is with the device as a whole, and plays for a while.'), {
    speed: 50,
  });
  await device.waitFor('state.changed', { where: ({ to }) => to === 'activeSession.draining' });
  return { sending };
};

const STATES: Record<string, Lead> = { listening, userTurn, reply, draining };

/** A whole conversation that must work. */
async function converse(room: Room): Promise<void> {
  const completed = room.server.all('playback_complete').length;
  await userTurn(room);
  await answer(room.server, await say('All is well.'), { speed: 3 });
  assert.equal(room.server.all('playback_complete').length, completed + 1);
  await room.server.endSession();
  await room.device.waitForState('listening');
}

const CHILDREN = { microphone: 'naudiodon-child', loudspeaker: 'package-child' };

for (const [part, script] of Object.entries(CHILDREN)) {
  describe(`kill -9 of the ${part} child`, () => {
    it('in any state: listening again within 3 s, and the next conversation works', async (test) => {
      const room = await furnish(test);
      for (const [state, lead] of Object.entries(STATES)) {
        const reply = await lead(room);
        room.device.mark();
        const child = room.device.children().find(({ command }) => command.includes(script));
        assert.ok(child, `no ${part} child in ${state}`);
        const killedAtMs = performance.now();
        process.kill(child.pid, 'SIGKILL');
        const lost = part === 'microphone' ? 'mic.lost' : 'speaker.lost';
        await room.device.waitFor(lost, { timeoutMs: BACK_WITHIN_MS });
        await room.device.waitFor(part === 'microphone' ? 'mic.ready' : 'speaker.ready', { timeoutMs: BACK_WITHIN_MS });
        await room.device.waitForState('listening', BACK_WITHIN_MS);
        const backMs = performance.now() - killedAtMs;
        test.diagnostic(`${part} killed in ${state}: listening again after ${Math.round(backMs)} ms`);
        assert.ok(backMs <= BACK_WITHIN_MS, `${state}: ${backMs} ms`);
        if (reply) {
          await room.server.next('playback_complete');
          await reply.sending;
        }
        await converse(room);
      }
    });
  });
}

describe('SIGTERM', () => {
  for (const [state, lead] of Object.entries(STATES)) {
    it(`in ${state}: exit 0 within 2 s, the server told, no process left`, async (test) => {
      const room = await furnish(test);
      await lead(room);
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
