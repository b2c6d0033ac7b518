import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { overcome, PARTS } from '../helpers/child-faults.js';
import { startDevice } from '../helpers/device.js';
import { glassesRoom } from '../helpers/glasses-room.js';
import { serve, wavOf } from '../helpers/sound-files.js';
import { say } from '../helpers/speech.js';

/** Long enough to be lost in the middle of it, short enough for a player's limit to pass. */
const ANNOUNCEMENT_MS = 2_500;

describe('a child that is killed, aborted, stopped or starved during an announcement', { concurrency: 2 }, () => {
  for (const part of PARTS) {
    it(`${part.name}: listening again in time, and the app is told once`, { timeout: 180_000 }, async (test) => {
      const { sound, cloud } = await glassesRoom(test);
      const words = await say('The timer for the potatoes is over, and so is the one for the eggs, I am afraid.');
      const url = await serve(test, { '/alarm': await wavOf(words.subarray(0, ANNOUNCEMENT_MS * 16)) });
      const device = await startDevice(test, {
        env: sound.env,
        flags: ['--server.protocol=augmentos', `--server.url=${cloud.url}`, '--cues.enabled=false', ...part.flags],
      });
      await device.waitFor('speaker.ready', { timeoutMs: 15_000 });
      await device.waitForState('listening', 15_000);
      await cloud.next('glasses_connection_state');
      const took: string[] = [];
      for (const fault of part.faults) {
        const answered = cloud.all('audio_play_response').length;
        const fromMs = performance.now();
        cloud.say('audio_play_request', { requestId: fault, appId: 'a', audioUrl: `${url}/alarm` });
        await sound.speaker.untilSound(fromMs, 5_000);
        await device.waitForState('announcement');
        try {
          took.push(`${fault} ${Math.round(await overcome({ sound, device }, part, fault, 'listening'))}`);
          const answers = () => cloud.all('audio_play_response').slice(answered);
          await cloud.until(() => answers().length > 0, 1_000, 'the word that it was not played');
          assert.deepEqual(
            answers().map(({ fields }) => [fields.requestId, fields.success]),
            [[fault, false]],
          );
        } catch (error) {
          throw new Error(`${part.name} ${fault}: ${error}`, { cause: error });
        }
      }
      test.diagnostic(`${part.name}: well again after ms: ${took.join(', ')}`);
      // The next one is played to its end.
      cloud.say('audio_play_request', { requestId: 'last', appId: 'a', audioUrl: `${url}/alarm` });
      await cloud.until(
        () => cloud.all('audio_play_response').some(({ fields }) => fields.requestId === 'last' && fields.success),
        10_000,
        'the word that it was played',
      );
    });
  }
});
