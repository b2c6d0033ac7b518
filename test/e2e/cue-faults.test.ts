import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { synthesiseCues } from '../../src/cues/cues.js';
import { overcome, PLAYERS } from '../helpers/child-faults.js';
import { find } from '../helpers/correlate.js';
import { LEADS } from '../helpers/leads.js';
import { untilHolds } from '../helpers/process-tree.js';
import { furnish } from '../helpers/room.js';
import { RATE_HZ } from '../helpers/sound-tap.js';

const HEARD_CUE = synthesiseCues(RATE_HZ).heard;

describe('a child that is killed while a cue sounds', { concurrency: 2 }, () => {
  for (const part of PLAYERS) {
    it(`${part.name}: the conversation ends, the server is told once, and the next cue sounds`, async (test) => {
      const room = await furnish(test, { flags: [...part.flags, '--hotword.refractory_ms=500'] });
      const { sound, server, device } = room;
      // A cue is over before a test can strike; on a device that hangs it is not.
      await sound.stall('spk');
      await LEADS.userTurn(room);
      const isSounding = () => device.children().some(({ command }) => command.includes(part.command));
      await untilHolds(isSounding, 5_000, () => 'no child for the cue');
      // The child is killed before the device goes on, which the next one needs.
      await Promise.all([overcome(room, part, 'SIGKILL', 'listening'), sound.resume('spk')]);
      const unplayed = device.lines.filter(({ msg }) => msg === 'cue not played').map(({ cue }) => cue);
      assert.deepEqual(unplayed, ['heard', 'error']);
      await server.next('session_end', 1_000);

      const fromMs = performance.now();
      await LEADS.userTurn(room);
      await sound.speaker.untilSilent(await sound.speaker.untilSound(fromMs, 5_000), 200, 5_000);
      assert.ok(find(HEARD_CUE, sound.speaker.recording(fromMs)).correlation > 0.99);
      assert.equal(server.all('session_end').length, 1);
    });
  }
});
