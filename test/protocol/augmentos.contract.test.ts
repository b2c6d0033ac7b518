import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { samplesOf } from '../../src/pcm/format.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { hum } from '../helpers/gemitars-faults-parts.js';
import { type Generation, GlassesCloud, type GlassesCloudOptions } from '../helpers/glasses-cloud.js';
import { type InnerDeviceOptions, startInnerDevice } from '../helpers/inner-device.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { silence } from '../helpers/speech.js';

/** Times real time. */
const SPEED = 4;
const GENERATIONS: readonly Generation[] = ['old', 'new'];

/** A device and its cloud; all of it goes away with the test. */
async function meet(
  test: TestContext,
  options: GlassesCloudOptions,
  settings: Readonly<Record<string, string>> = {},
  battery?: InnerDeviceOptions['battery'],
) {
  const cloud = new GlassesCloud(options);
  await cloud.start();
  test.after(() => cloud.close());
  const device = await startInnerDevice(test, {
    heard: silence(20_000),
    speed: SPEED,
    settings: { 'server.protocol': 'augmentos', 'server.url': cloud.url, ...settings },
    ...(battery && { battery }),
  });
  return { cloud, device };
}

async function tokenFile(test: TestContext, token: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-token-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'token');
  await writeFile(path, token, { mode: 0o600 });
  return path;
}

for (const generation of GENERATIONS) {
  describe(`a cloud for glasses of the ${generation} generation`, () => {
    it('is greeted, hears of a conversation from VAD to VAD, and of nothing else', async (test) => {
      const { cloud, device } = await meet(test, { generation });
      await cloud.next('glasses_connection_state');
      assert.equal(cloud.all('connection_init').length, 1);
      cloud.wantMicrophone(true);
      assert.equal(cloud.all('audio').length, 0, 'no audio without a conversation');
      device.talk();
      await cloud.until(() => cloud.all('audio').length >= 5);
      assert.deepEqual(cloud.all('button_press')[0]?.fields.pressType, 'short');
      device.talk();
      await cloud.until(() => cloud.all('VAD').length === 2);
      assert.deepEqual(cloud.strayBlocks(), []);
      assert.equal(cloud.all('glasses_connection_state').length, 1);
      device.toggleMute();
      await cloud.until(() => cloud.all('button_press').length === 3);
      assert.equal(cloud.all('button_press').at(-1)?.fields.pressType, 'long');
    });

    it('that has the microphone off gets no audio, and from the moment it wants it, all of it', async (test) => {
      const { cloud, device } = await meet(test, { generation });
      await cloud.next('glasses_connection_state');
      device.talk();
      await cloud.next('VAD');
      assert.equal(cloud.all('audio').length, 0);
      cloud.wantMicrophone(true);
      await cloud.until(() => cloud.all('audio').length >= 5);
    });

    it('that is lost for a moment resumes its session, and the person hears nothing of it', async (test) => {
      const { cloud, device } = await meet(test, { generation });
      await cloud.next('glasses_connection_state');
      cloud.wantMicrophone(true);
      cloud.cut();
      await cloud.next('glasses_connection_state');
      await device.until(() => device.all('link.up').length === 2, 'the link is back');
      assert.deepEqual([cloud.sessions, device.all('session.started').length, device.state], [1, 0, 'listening']);
      device.talk();
      await cloud.until(() => cloud.all('audio').length >= 5);
      assert.deepEqual(cloud.strayBlocks(), []);
    });

    it('that refuses the token is not asked again for a minute, and the log says which key to look at', async (test) => {
      const path = await tokenFile(test, 'wrong');
      const { device } = await meet(test, { generation, token: 'right' }, { 'server.token_file': path });
      await device.until(() => device.all('link.down').length > 0, 'the refusal');
      const [down] = device.all('link.down');
      assert.ok(down && down.fields.retryInMs >= 30_000, `${down?.fields.retryInMs} ms`);
      assert.match(down.fields.reason, /"Invalid core token".*server\.token_file/);
      assert.equal(device.all('link.up').length, 0, 'a refused link never counts as up');
    });

    it('gets the right token in the header and nowhere else', async (test) => {
      const path = await tokenFile(test, 'right-token');
      const { cloud } = await meet(test, { generation, token: 'right-token' }, { 'server.token_file': path });
      await cloud.next('glasses_connection_state');
      const [open, ...rest] = cloud.received;
      assert.equal(open?.fields.authorization, 'Bearer right-token');
      assert.doesNotMatch(JSON.stringify(rest), /right-token/);
    });

    it('may send a bitmap of 1 MB, and 1,200 displays at once', async (test) => {
      const { cloud, device } = await meet(test, { generation });
      await cloud.next('glasses_connection_state');
      const data = Buffer.alloc(1_000_000, 7).toString('base64');
      cloud.show({ layoutType: 'bitmap_view', data });
      for (let count = 0; count < 1_200; count++) cloud.show({ layoutType: 'text_wall', text: `caption ${count}` });
      device.talk();
      await cloud.next('VAD');
      assert.equal(device.all('link.down').length, 0);
    });
  });
}

describe('a server that is no cloud for glasses', () => {
  it('hangs up on an unknown path, and the device goes on trying', async (test) => {
    const cloud = new GlassesCloud({ generation: 'new' });
    await cloud.start();
    test.after(() => cloud.close());
    const device = await startInnerDevice(test, {
      heard: silence(20_000),
      speed: SPEED,
      settings: { 'server.protocol': 'augmentos', 'server.url': `${cloud.url}/tpa-ws` },
    });
    await device.until(() => device.all('link.down').length >= 2, 'two attempts');
    assert.match(device.all('link.down')[0]?.fields.reason ?? '', /cut|ECONNRESET/);
  });

  it('never greets: it is given up after 10 s and tried again', async (test) => {
    const cloud = new GlassesCloud({ generation: 'old', deafMs: 60_000 });
    await cloud.start();
    test.after(() => cloud.close());
    const device = await startInnerDevice(test, {
      heard: silence(20_000),
      speed: SPEED * 2,
      settings: { 'server.protocol': 'augmentos', 'server.url': cloud.url },
    });
    await device.until(() => device.all('link.down').length >= 1, 'given up');
    assert.match(device.all('link.down')[0]?.fields.reason ?? '', /did not answer within 10 s/);
    await cloud.until(() => cloud.all('open').length === 2);
  });
});

/** A tone as a WAV file, and the address that it is served at. */
async function tone(test: TestContext, ms: number): Promise<{ path: string; url: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-tone-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'tone.wav');
  await writeWav(path, samplesOf(hum(ms)), RATE_HZ);
  const server = createServer((_request, response) => void readFile(path).then((bytes) => response.end(bytes)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => server.close());
  return { path, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tone.wav` };
}

describe('a cloud whose apps take long to start', () => {
  it('greets late, and is waited for while it has said anything', async (test) => {
    const cloud = new GlassesCloud({ generation: 'new', slowMs: 3_000 });
    await cloud.start();
    test.after(() => cloud.close());
    const device = await startInnerDevice(test, {
      heard: silence(20_000),
      speed: 8,
      settings: { 'server.protocol': 'augmentos', 'server.url': cloud.url },
    });
    await device.until(() => device.all('link.up').length === 1, '24 s of its time after the first word');
    assert.equal(device.all('link.down').length, 0);
  });
});

describe('the battery of the machine', () => {
  const supply = async (folder: string, name: string, files: Readonly<Record<string, string>>) => {
    await mkdir(join(folder, name), { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, name, file), `${text}\n`);
  };

  it('is told to the cloud on every connection and when it changes, and stands in its displays', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'tars-battery-'));
    test.after(() => rm(folder, { recursive: true, force: true }));
    await supply(folder, 'BAT0', { type: 'Battery', capacity: '85', status: 'Discharging' });
    const settings = { 'augmentos.display': 'shown' };
    const { cloud, device } = await meet(test, { generation: 'new' }, settings, { folder, everyMs: 1_000 });
    const first = await cloud.next('glasses_battery_update');
    assert.deepEqual([first.fields.level, first.fields.charging], [85, false]);
    cloud.cut();
    assert.equal((await cloud.next('glasses_battery_update')).connection, 2);
    await supply(folder, 'BAT0', { capacity: '86', status: 'Charging' });
    await cloud.until(() => cloud.all('glasses_battery_update').at(-1)?.fields.level === 86);
    assert.equal(cloud.all('glasses_battery_update').at(-1)?.fields.charging, true);
    cloud.show({ layoutType: 'text_wall', text: '$GBATT$' });
    await device.until(() => device.shown.length === 1, 'the display');
    assert.equal(device.shown[0]?.text, '86%');
  });
});

describe('where displays go', () => {
  for (const [choice, isSpoken, isShown] of [
    ['spoken', true, false],
    ['shown', false, true],
    ['both', true, true],
  ] as const) {
    it(`"${choice}": ${isSpoken ? '' : 'not '}spoken, ${isShown ? '' : 'not '}on terminal and page`, async (test) => {
      const { path, url } = await tone(test, 200);
      const { cloud, device } = await meet(
        test,
        { generation: 'new' },
        { 'augmentos.display': choice, 'speech.engine': 'command', 'speech.command': `cat ${path}` },
      );
      await cloud.next('glasses_connection_state');
      cloud.wantMicrophone(true);
      device.talk();
      await cloud.until(() => cloud.all('audio').length >= 2);
      cloud.show({ layoutType: 'reference_card', title: 'Rain', text: 'Soon.' });
      cloud.show({ layoutType: 'double_text_wall', topText: 'It is', bottomText: 'noon' }, { view: 'dashboard' });
      cloud.clear();
      if (isSpoken) await device.until(() => device.all('reply.completed').length === 1, 'the reply');
      // A sound is played whatever becomes of displays; when it is over, a display would have been spoken.
      cloud.say('audio_play_request', { requestId: 'r', appId: 'a', audioUrl: url });
      await cloud.next('audio_play_response');
      assert.equal(device.all('reply.completed').length, isSpoken ? 2 : 1);
      const shown = device.shown.map(({ view, kind, text }) => `${view} ${kind}: ${text}`);
      const all = ['main text: Rain\nSoon.', 'dashboard text: It is\nnoon', 'main clear: ', 'main clear: '];
      assert.deepEqual(shown, isShown ? all : []);
    });
  }
});

describe('what a cloud shows and plays', () => {
  /** 300 ms of a tone as any program would say it. */
  const SPEAKS = { 'speech.engine': 'command', 'session.idle_limit_ms': '60000' };

  it('outside a conversation is an announcement: played, answered, and nobody is listened to', async (test) => {
    const { url } = await tone(test, 400);
    const { cloud, device } = await meet(test, { generation: 'new' });
    await cloud.next('glasses_connection_state');
    cloud.wantMicrophone(true);
    cloud.say('audio_play_request', { requestId: 'r1', appId: 'a', audioUrl: url });
    const response = await cloud.next('audio_play_response');
    assert.deepEqual([response.fields.requestId, response.fields.success], ['r1', true]);
    await device.until(() => device.state === 'listening', 'it listens again');
    const states = device.all('state.changed').map(({ fields }) => fields.to);
    assert.deepEqual(states.slice(-2), ['announcement', 'listening']);
    assert.deepEqual(
      [device.all('session.started').length, cloud.all('audio').length, cloud.all('VAD').length],
      [0, 0, 0],
    );
    assert.ok(Math.abs((device.all('reply.completed')[0]?.fields.playedMs ?? 0) - 400) < 150);
  });

  it('outside a conversation is silenced by the key, which begins none', async (test) => {
    const { url } = await tone(test, 20_000);
    const { cloud, device } = await meet(test, { generation: 'new' });
    await cloud.next('glasses_connection_state');
    cloud.say('audio_play_request', { requestId: 'r1', appId: 'a', audioUrl: url });
    await device.until(() => device.state === 'announcement', 'it plays');
    device.talk();
    const response = await cloud.next('audio_play_response');
    assert.deepEqual([response.fields.success, response.fields.error], [false, 'interrupted']);
    assert.deepEqual([device.state, device.all('session.started').length], ['listening', 0]);
  });

  it('is spoken in the conversation as a reply, and the microphone is open again after it', async (test) => {
    const { path: wav, url } = await tone(test, 300);
    const { cloud, device } = await meet(test, { generation: 'new' }, { ...SPEAKS, 'speech.command': `cat ${wav}` });
    await cloud.next('glasses_connection_state');
    cloud.wantMicrophone(true);
    cloud.show({ layoutType: 'text_wall', text: 'too early' });
    device.talk();
    await cloud.until(() => cloud.all('audio').length >= 5);
    cloud.show({ layoutType: 'reference_card', title: '// MentraOS - Starting App', text: 'Captions' });
    for (const text of ['hel', 'hello', 'hello there']) cloud.show({ layoutType: 'text_wall', text });
    await device.until(() => device.all('reply.completed').length === 1, 'the reply');
    const told = cloud.all('VAD').map(({ fields }) => fields.status);
    assert.deepEqual(told.slice(0, 2), [true, false]);
    await cloud.until(() => cloud.all('VAD').length === 3);
    assert.deepEqual(cloud.strayBlocks(), []);
    assert.ok(Math.abs((device.all('reply.completed')[0]?.fields.playedMs ?? 0) - 300) < 150);

    cloud.say('audio_play_request', { requestId: 'r1', appId: 'a', audioUrl: url });
    const response = await cloud.next('audio_play_response');
    assert.deepEqual([response.fields.requestId, response.fields.success], ['r1', true]);
    cloud.say('audio_play_request', { requestId: 'r2', appId: 'a', audioUrl: 'file:///etc/passwd' });
    const refused = await cloud.next('audio_play_response');
    assert.deepEqual([refused.fields.requestId, refused.fields.success], ['r2', false]);
    assert.equal(device.all('reply.completed').length, 2);
  });
});
