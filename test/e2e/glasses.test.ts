import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { align } from '../helpers/correlate.js';
import { startDevice } from '../helpers/device.js';
import { GlassesCloud } from '../helpers/glasses-cloud.js';
import { utter } from '../helpers/room.js';
import { say } from '../helpers/speech.js';
import { VirtualSound } from '../helpers/virtual-sound.js';

const TONE = fileURLToPath(new URL('../../../test/fixtures/sounds/tone.mp3', import.meta.url));

it('glasses: the person is heard by the cloud, its card is spoken, and the sound it asks for is played', async (test) => {
  const sound = new VirtualSound();
  const cloud = new GlassesCloud({ generation: 'new' });
  test.after(async () => {
    await cloud.close();
    await sound.close();
  });
  await sound.start();
  await cloud.start();
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

  const { sound: words, hotwordEnd } = await utter('what is the weather like');
  await sound.speak(words);
  await cloud.next('VAD');
  await cloud.until(() => align(words.subarray(hotwordEnd), cloud.audio()).missing === 0, 10_000, 'all that was said');
  const sinceMs = performance.now();
  for (const text of ['It', 'It will', 'It will rain tomorrow.']) cloud.show({ layoutType: 'text_wall', text });
  await device.waitFor('reply.completed', { timeoutMs: 20_000 });
  const spoken = await say('It will rain tomorrow.');
  const played = align(spoken, sound.speaker.recording(sinceMs));
  assert.ok(played.correlation >= 0.99, `the card correlates ${played.correlation}`);
  assert.deepEqual([played.missing, played.doubled], [0, 0]);

  const server = createServer((_request, response) => void readFile(TONE).then((bytes) => response.end(bytes)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  cloud.say('audio_play_request', { requestId: 'r1', appId: 'a', audioUrl: `http://127.0.0.1:${port}/tone.mp3` });
  const response = await cloud.next('audio_play_response');
  assert.deepEqual([response.fields.requestId, response.fields.success], ['r1', true]);
  assert.ok(Math.abs(Number(response.fields.duration) - 500) < 200, `${response.fields.duration} ms`);
  assert.deepEqual(cloud.strayBlocks(), []);
});
