import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LEADS } from '../helpers/leads.js';
import { furnish, utter } from '../helpers/room.js';

const STOP_WITHIN_MS = 2_000;

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
