import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { listNaudiodon } from '../../src/mic/naudiodon.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import { align } from '../helpers/correlate.js';
import { sharedSound } from '../helpers/shared-sound.js';
import { concat, silence } from '../helpers/speech.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { isOnPipewire } from '../helpers/virtual-sound.js';
import { childrenNamed, isAlive, orphanedForMs } from '../pcm/child-processes.js';
import { Hearing } from './hearing.js';

const RATE_HZ = 16_000;
/** A device that is there again is captured again within this time. */
const BACK_WITHIN_MS = 3_000;

/**
 * The backends under the contract: the devices that are named to each (the first one throughout, the others where devices
 * come and go), and what the command line of its child has in it. The others have PulseAudio's word that a device is gone;
 * PipeWire would put them on another one.
 */
const BACKENDS: Readonly<Record<string, { devices: readonly [string, ...string[]]; command: string }>> = isOnPipewire
  ? { 'pw-cat': { devices: ['mic.monitor'], command: 'pw-cat ' } }
  : {
      naudiodon: { devices: ['', 'PULS'], command: 'naudiodon-child' },
      arecord: { devices: ['', 'pulse:mic.monitor'], command: 'arecord ' },
      parecord: { devices: ['', 'mic.monitor'], command: 'parecord ' },
    };

const { sound, skip } = sharedSound('arecord');

for (const [backend, { devices, command }] of Object.entries(BACKENDS)) {
  /** A microphone that captures, until the test is over. */
  const listen = async (test: TestContext, device = devices[0]): Promise<Hearing> => {
    const settings = { device, rateHz: RATE_HZ, bits: 16 as const, channels: 1, channel: 1, gainDb: 0 };
    const log = pino({ level: 'silent' });
    const microphone = MICROPHONES[backend]?.({ settings, rateHz: RATE_HZ, clock: systemClock, log });
    assert.ok(microphone);
    const hearing = new Hearing();
    test.after(() => hearing.stop());
    hearing.start(microphone);
    await hearing.until('ready', 0);
    return hearing;
  };
  const onlyChild = (): number => {
    const [pid, ...others] = childrenNamed(command);
    assert.ok(pid !== undefined && others.length === 0, `one child, not ${others.length + 1}`);
    return pid;
  };
  /** Says something that must arrive sample by sample, continuously. */
  const hearsEverything = async (hearing: Hearing): Promise<void> => {
    const from = hearing.chunkAtMs.length;
    const words = whiteNoise(1_500, -20, from + 1);
    await sound.speak(concat(words, silence(200)));
    const { missing, doubled, damaged, correlation } = align(words, hearing.heard(from));
    assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 }, `${correlation}`);
  };
  /** Lost, and then ready again within the promise counted from `fromMs`; and it hears as before. */
  const healed = async (test: TestContext, hearing: Hearing, lostAtMs: number, fromMs = lostAtMs): Promise<void> => {
    const lost = await hearing.until('lost', lostAtMs);
    const ready = await hearing.until('ready', lost.atMs);
    const tookMs = ready.atMs - fromMs;
    test.diagnostic(`${lost.why}; back after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs <= BACK_WITHIN_MS, `back after ${tookMs} ms`);
    assert.notEqual(lost.why, '');
    await hearsEverything(hearing);
  };

  describe(`microphone ${backend}`, { skip }, () => {
    it('hands on every sample, in small chunks', async (test) => {
      const hearing = await listen(test);
      for (let round = 0; round < 3; round++) await hearsEverything(hearing);
      const longest = Math.max(...hearing.chunkAtMs.slice(1).map((atMs, i) => atMs - (hearing.chunkAtMs[i] ?? 0)));
      test.diagnostic(`longest time between two chunks: ${Math.round(longest)} ms`);
      assert.ok(longest < 500, `${longest} ms without a chunk`);
      assert.deepEqual(
        hearing.happenings.map(({ event }) => event),
        ['ready'],
      );
    });

    it('leaves no child behind when it stops, and can start again', async (test) => {
      for (let round = 0; round < 2; round++) {
        const hearing = await listen(test);
        const pid = onlyChild();
        await hearing.stop();
        assert.equal(isAlive(pid), false);
        const chunks = hearing.chunkAtMs.length;
        await sound.speak(silence(100));
        assert.equal(hearing.chunkAtMs.length, chunks, 'a chunk after the end');
      }
    });

    for (const device of devices) {
      it(`is back when the device ${device || 'by default'} is plugged in again`, async (test) => {
        const hearing = await listen(test, device);
        const fromMs = performance.now();
        await sound.unplug('mic');
        await hearing.until('lost', fromMs);
        await healed(test, hearing, fromMs, await sound.plug('mic'));
      });
    }

    it('is back when the child is stopped', async (test) => {
      const hearing = await listen(test);
      const fromMs = performance.now();
      process.kill(onlyChild(), 'SIGSTOP');
      await healed(test, hearing, fromMs);
    });

    it('is back when the child is killed', async (test) => {
      const hearing = await listen(test);
      const fromMs = performance.now();
      process.kill(onlyChild(), 'SIGKILL');
      await healed(test, hearing, fromMs);
    });

    it('is back when a device that hung goes on', async (test) => {
      const hearing = await listen(test);
      const fromMs = performance.now();
      await sound.stall('mic');
      await hearing.until('lost', fromMs, 2_000);
      await healed(test, hearing, fromMs, await sound.resume('mic'));
    });

    it('is back when the sound server is killed and started again', async (test) => {
      const hearing = await listen(test);
      const fromMs = performance.now();
      await sound.kill();
      await hearing.until('lost', fromMs);
      await healed(test, hearing, fromMs, await sound.restart());
    });

    it('leaves no orphan when the client is killed', async (test) => {
      const tookMs = await orphanedForMs('mic', backend, devices[0], sound.env);
      test.diagnostic(`gone after ${Math.round(tookMs)} ms`);
      assert.ok(tookMs < 2_000, `an orphan for ${tookMs} ms`);
    });
  });
}

describe('a PulseAudio source that is named', {
  skip: skip || (isOnPipewire && 'PipeWire brings a stream back by itself'),
}, () => {
  it('is not exchanged for another one when it is unloaded, and is heard again when it is loaded', async (test) => {
    const settings = { device: 'mic.monitor', rateHz: RATE_HZ, bits: 16 as const, channels: 1, channel: 1, gainDb: 0 };
    const log = pino({ level: 'silent' });
    const microphone = MICROPHONES.parecord?.({ settings, rateHz: RATE_HZ, clock: systemClock, log });
    assert.ok(microphone);
    const hearing = new Hearing();
    test.after(() => hearing.stop());
    hearing.start(microphone);
    await hearing.until('ready', 0);
    const fromMs = performance.now();
    await sound.unload('mic');
    const lost = await hearing.until('lost', fromMs);
    assert.match(lost.why, /Stream moved to device nowhere\.monitor/);
    await sound.plug('mic');
    await hearing.until('ready', lost.atMs);
    const from = hearing.chunkAtMs.length;
    const words = whiteNoise(1_500, -20);
    await sound.speak(concat(words, silence(200)));
    assert.equal(align(words, hearing.heard(from)).missing, 0);
  });
});

describe('the list of naudiodon', { skip: skip || (isOnPipewire && 'PipeWire has devices of its own') }, () => {
  it('has the device as default that PortAudio opens, though it is not the first', async () => {
    const rows = await listNaudiodon(pino({ level: 'silent' }));
    assert.deepEqual(
      rows.map(({ name, isDefault }) => [name, isDefault]),
      [
        ['pulse', false],
        ['default', true],
      ],
    );
  });
});
