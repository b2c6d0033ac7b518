import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { align } from '../helpers/correlate.js';
import { startDevice } from '../helpers/device.js';
import { glassesRoom } from '../helpers/glasses-room.js';
import { utter } from '../helpers/room.js';
import { serve, wavOf } from '../helpers/sound-files.js';
import { concat, say, silence } from '../helpers/speech.js';

const TONE = fileURLToPath(new URL('../../../test/fixtures/sounds/tone.mp3', import.meta.url));

it('glasses: an alarm sounds and is interrupted, the person is heard, a card is spoken, a sound played', async (test) => {
  const { sound, cloud } = await glassesRoom(test);
  const flags = [
    '--server.protocol=augmentos',
    `--server.url=${cloud.url}`,
    '--speech.engine=flite',
    '--speech.voice=slt',
  ];
  const device = await startDevice(test, { env: sound.env, flags });
  await device.waitForState('listening', 15_000);
  await device.waitFor('speaker.ready', { timeoutMs: 15_000 });
  await cloud.next('glasses_connection_state');
  cloud.wantMicrophone(true);

  const alarm = await say('Your timer is over.');
  const news = await say(
    'And now the news of today, read to you at length, which nobody in this room has asked for at all.',
  );
  const files = { '/alarm': await wavOf(alarm), '/news': await wavOf(news), '/tone': await readFile(TONE) };
  const url = await serve(test, files);
  const play = (requestId: string, path: keyof typeof files) =>
    cloud.say('audio_play_request', { requestId, appId: 'a', audioUrl: `${url}${path}` });

  // Nobody talks: what an app wants heard is played to its end, and no microphone opens for it.
  const alarmedMs = performance.now();
  play('r1', '/alarm');
  const rung = await cloud.next('audio_play_response');
  assert.deepEqual([rung.fields.requestId, rung.fields.success], ['r1', true]);
  const heard = align(alarm, sound.speaker.recording(alarmedMs));
  assert.ok(heard.correlation >= 0.99, `the alarm correlates ${heard.correlation}`);
  assert.deepEqual([heard.missing, heard.doubled], [0, 0]);
  await device.waitForState('listening');
  assert.deepEqual([cloud.all('audio').length, cloud.all('VAD').length], [0, 0]);

  // A hotword silences it and begins a conversation.
  const { sound: words, hotwordEnd } = await utter('what is the weather like');
  play('r2', '/news');
  await device.waitForState('announcement');
  await sound.speak(concat(silence(1_200), words));
  const cut = await cloud.next('audio_play_response');
  assert.deepEqual([cut.fields.requestId, cut.fields.error], ['r2', 'interrupted']);
  device.mark();
  await cloud.next('VAD');
  await cloud.until(() => align(words.subarray(hotwordEnd), cloud.audio()).missing === 0, 10_000, 'all that was said');
  const sinceMs = performance.now();
  for (const text of ['It', 'It will', 'It will rain tomorrow.']) cloud.show({ layoutType: 'text_wall', text });
  await device.waitFor('reply.completed', { timeoutMs: 20_000 });
  const spoken = await say('It will rain tomorrow.');
  const played = align(spoken, sound.speaker.recording(sinceMs));
  assert.ok(played.correlation >= 0.99, `the card correlates ${played.correlation}`);
  assert.deepEqual([played.missing, played.doubled], [0, 0]);

  play('r3', '/tone');
  const response = await cloud.next('audio_play_response');
  assert.deepEqual([response.fields.requestId, response.fields.success], ['r3', true]);
  assert.ok(Math.abs(Number(response.fields.duration) - 500) < 200, `${response.fields.duration} ms`);
  assert.deepEqual(cloud.strayBlocks(), []);
});
