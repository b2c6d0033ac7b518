import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { parseWav } from '../../src/pcm/wav.js';
import { find } from '../helpers/correlate.js';
import { startDevice } from '../helpers/device.js';
import { utter } from '../helpers/room.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { say, type Voice } from '../helpers/speech.js';
import { VirtualSound } from '../helpers/virtual-sound.js';

const VOICES: readonly Voice[] = ['slt', 'rms', 'awb'];
const WORDS = 'what is the weather like today';
/** After a reply nobody answers before the microphone counts again: session.settle_ms is 300. */
const BREATH_MS = 400;

describe('no server, no account, nothing configured', () => {
  it('three voices hear their own words come back, twice in one conversation, and then the hotword is awaited', async (test) => {
    const sound = new VirtualSound();
    test.after(() => sound.close());
    await sound.start();
    const flags = ['--assistant.silence_limit_ms=3000'];
    const device = await startDevice(test, { env: sound.env, flags });
    await device.waitForState('listening', 15_000);
    await device.waitFor('speaker.ready', { timeoutMs: 15_000 });
    for (const voice of VOICES) {
      device.mark();
      const words = await say(WORDS, voice);
      const answer = new Int16Array((BREATH_MS * RATE_HZ) / 1000 + words.length);
      answer.set(words, answer.length - words.length);
      for (const speech of [(await utter(WORDS, voice)).sound, answer]) {
        device.mark();
        const sinceMs = performance.now();
        await sound.speak(speech);
        await device.waitFor('reply.completed', { timeoutMs: 15_000 });
        // The assistant levels the loudness out, so it is not the very same sound; another sentence stays below 0.3.
        const { correlation } = find(words, sound.speaker.recording(sinceMs));
        assert.ok(correlation > 0.8, `${voice}: what comes back correlates ${correlation} with what was said`);
      }
      const ended = await device.waitFor('session.ended', { timeoutMs: 10_000 });
      assert.equal(ended.reason, 'server');
      await device.waitForState('listening');
    }
  });
});

describe('a machine without a microphone', () => {
  it('gets a spoken demonstration, whose reply is in a WAV file, and then waits for a microphone', async (test) => {
    const env = await deafMachine(test);
    const device = await startDevice(test, { env });
    const narrated = () =>
      device.lines.filter(({ module }) => module === 'demonstration').map(({ msg }) => String(msg));
    await device.waitFor('mic.lost');
    await device.waitForText('now waits', 60_000);
    const told = narrated().join('\n');
    assert.match(told, /There is no microphone here/);
    assert.match(told, /Hotword heard: "hey tars"/);
    assert.match(told, /The reply has been played/);
    const path = /The reply is in (.*)/.exec(told)?.[1] ?? '';
    const { samples } = parseWav(await readFile(path), path);
    const { correlation } = find(await say('What is the weather like today?'), samples);
    assert.ok(correlation > 0.8, `the reply correlates ${correlation} with what was said`);
    assert.equal(device.state, 'idle');
    assert.equal((await device.stop()).code, 0);
  });

  it('gets none with a configured server, and none where the configuration says so', async (test) => {
    const env = await deafMachine(test);
    for (const flags of [['--server.url=ws://127.0.0.1:9'], ['--assistant.demonstrate=false']]) {
      const device = await startDevice(test, { env, flags });
      await device.waitFor('mic.lost');
      await device.stop();
      assert.deepEqual(
        device.lines.filter(({ module }) => module === 'demonstration'),
        [],
      );
    }
  });
});

/** An environment in which ALSA knows no device and no sound server is found. */
async function deafMachine(test: TestContext): Promise<NodeJS.ProcessEnv> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-deaf-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'asound.conf'), '# no device at all\n');
  return { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder, ALSA_CONFIG_PATH: join(folder, 'asound.conf') };
}
