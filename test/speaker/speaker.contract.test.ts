import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { AudioError } from '../../src/errors.js';
import { bytesOf, SPEECH_FORMAT } from '../../src/pcm/format.js';
import { SPEAKERS } from '../../src/speaker/registry.js';
import type { Playback, Speaker } from '../../src/speaker/speaker.js';
import { align } from '../helpers/correlate.js';
import { sharedSound } from '../helpers/shared-sound.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { isOnPipewire } from '../helpers/virtual-sound.js';
import { childrenNamed, isAlive, orphanedForMs } from '../pcm/child-processes.js';
import { Told } from './support.js';

/** A device that is there again can be played to again within this time. */
const BACK_WITHIN_MS = 3_000;
const DRAINED_WITHIN_MS = 150;
const SILENT_WITHIN_MS = 50;
/** The recording puts its samples up to so much too early: it gets them when the sound server has rendered them. */
const TAP_MS = 25;

/**
 * The backends under the contract: the device that is named to each, and what the command line of its child has in it. The
 * others have PulseAudio's word that a device is gone; PipeWire would put them on another one.
 */
const BACKENDS: Readonly<Record<string, { device: string; command: string }>> = isOnPipewire
  ? { 'pw-cat': { device: 'spk', command: 'pw-cat ' } }
  : {
      speaker: { device: '', command: 'package-child' },
      aplay: { device: '', command: 'aplay ' },
      pacat: { device: '', command: 'stream-name=loud' },
    };

const { sound, skip } = sharedSound('aplay');
let seed = 1;

const noise = (durationMs: number) => whiteNoise(durationMs, -20, seed++);
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rounded = (values: readonly number[]) => values.map(Math.round).join(', ');

/** Writes as fast as the playback takes it, in blocks of different lengths. */
async function writeAll(playback: Playback, samples: Int16Array): Promise<void> {
  for (let at = 0, block = 1; at < samples.length; at += block, block = (block * 7 + 13) % 1_000) {
    if (!playback.write(bytesOf(samples.subarray(at, at + block)))) await playback.writable();
  }
}

for (const [backend, { device, command }] of Object.entries(BACKENDS)) {
  interface Running {
    speaker: Speaker;
    told: Told;
    stop: () => Promise<void>;
  }
  /** A speaker that is ready, until the test is over. */
  const start = async (test: TestContext): Promise<Running> => {
    const speaker = SPEAKERS[backend]?.({ device, clock: systemClock, log: pino({ level: 'silent' }) });
    assert.ok(speaker);
    const told = new Told();
    const abort = new AbortController();
    const running = speaker.run(told, abort.signal);
    const stop = async () => {
      abort.abort();
      await running;
    };
    test.after(stop);
    await told.until('ready', 0);
    return { speaker, told, stop };
  };
  /** Plays samples that must sound one and all; resolves with how long after the last one `drain` did. */
  const playsEverything = async (speaker: Speaker, samples = noise(600)): Promise<number> => {
    const fromMs = performance.now();
    const playback = speaker.open(SPEECH_FORMAT);
    await writeAll(playback, samples);
    await playback.drain();
    const drainedMs = performance.now();
    await sound.speaker.untilSilent(fromMs, 100, 5_000);
    const { missing, doubled, damaged, correlation } = align(samples, sound.speaker.recording(fromMs - TAP_MS));
    assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 }, `${correlation}`);
    const lastMs = sound.speaker.lastSoundMs(fromMs);
    assert.ok(lastMs !== undefined);
    return drainedMs - lastMs;
  };
  const healed = async (test: TestContext, { speaker, told }: Running, lostAtMs: number, backFromMs: number) => {
    const lost = await told.until('lost', lostAtMs);
    const ready = await told.until('ready', lost.atMs);
    const tookMs = ready.atMs - backFromMs;
    test.diagnostic(`${lost.why}; back after ${Math.round(tookMs)} ms`);
    assert.ok(tookMs <= BACK_WITHIN_MS, `back after ${tookMs} ms`);
    await playsEverything(speaker);
  };
  /** A playback in the middle of its sound. */
  const playing = async (speaker: Speaker): Promise<Playback> => {
    const fromMs = performance.now();
    const playback = speaker.open(SPEECH_FORMAT);
    void writeAll(playback, noise(3_000));
    await sound.speaker.untilSound(fromMs, 5_000);
    return playback;
  };

  describe(`speaker ${backend}`, { skip }, () => {
    it('plays every sample, and says so when the last one was heard, not before', async (test) => {
      const { speaker, told } = await start(test);
      const lateMs: number[] = [];
      for (const durationMs of [20, 300, 1_000, 20, 300, 1_000, 2_500]) {
        lateMs.push(await playsEverything(speaker, noise(durationMs)));
      }
      test.diagnostic(`drained so many ms after the last sample: ${rounded(lateMs)}`);
      assert.ok(Math.min(...lateMs) >= -TAP_MS, `early: ${lateMs}`);
      assert.ok(median(lateMs) <= DRAINED_WITHIN_MS, `late: ${lateMs}`);
      assert.deepEqual(
        told.happenings.map(({ event }) => event),
        ['ready'],
      );
    });

    it('drains a sound of no samples and of one', async (test) => {
      const { speaker, told } = await start(test);
      await speaker.open(SPEECH_FORMAT).drain();
      const playback = speaker.open(SPEECH_FORMAT);
      playback.write(new Uint8Array(2));
      await playback.drain();
      await playsEverything(speaker);
      assert.equal(told.happenings.length, 1);
    });

    it('is silent soon after it was cleared, and plays the next sound at once', async (test) => {
      const { speaker, told } = await start(test);
      const silentMs: number[] = [];
      const firstMs: number[] = [];
      for (let round = 0; round < 5; round++) {
        const playback = await playing(speaker);
        const clearedMs = performance.now();
        await playback.clear();
        await playback.drain();
        await sound.speaker.untilSilent(clearedMs, 100, 5_000);
        silentMs.push((sound.speaker.lastSoundMs(clearedMs) ?? clearedMs) - clearedMs);
        const nextMs = performance.now();
        await (await playing(speaker)).clear();
        firstMs.push((sound.speaker.firstSoundMs(nextMs) ?? 0) - nextMs);
        await sound.speaker.untilSilent(performance.now(), 100, 5_000);
      }
      test.diagnostic(`silent after ${rounded(silentMs)} ms; the next sound after ${rounded(firstMs)} ms`);
      assert.ok(median(silentMs) <= SILENT_WITHIN_MS - TAP_MS, `${silentMs}`);
      assert.ok(median(firstMs) <= 300, `${firstMs}`);
      assert.equal(told.happenings.length, 1, JSON.stringify(told.happenings));
    });

    it('lets a new sound take the place of the one that plays', async (test) => {
      const { speaker, told } = await start(test);
      const first = await playing(speaker);
      await playsEverything(speaker);
      await first.drain();
      assert.equal(first.write(new Uint8Array(2)), true);
      assert.equal(told.happenings.length, 1);
    });

    it('leaves no child behind when it stops', async (test) => {
      const { speaker, stop } = await start(test);
      await playing(speaker);
      const pids = childrenNamed(command);
      assert.equal(pids.length, 1);
      await stop();
      assert.deepEqual(pids.filter(isAlive), []);
      assert.throws(() => speaker.open(SPEECH_FORMAT), AudioError);
    });

    it('fails the sound and is back when the child is killed', async (test) => {
      const running = await start(test);
      const playback = await playing(running.speaker);
      const fromMs = performance.now();
      for (const pid of childrenNamed(command)) process.kill(pid, 'SIGKILL');
      await assert.rejects(playback.drain(), AudioError);
      await healed(test, running, fromMs, fromMs);
    });

    it('is silent, and plays again, when the child is stopped', async (test) => {
      const { speaker } = await start(test);
      const playback = await playing(speaker);
      const pids = childrenNamed(command);
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      await playback.clear();
      assert.deepEqual(pids.filter(isAlive), []);
      const fromMs = performance.now();
      for (;;) {
        try {
          await playsEverything(speaker);
          break;
        } catch (error) {
          assert.ok(error instanceof AudioError, `${error}`);
          assert.ok(performance.now() - fromMs < BACK_WITHIN_MS, `${error}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    });

    it('fails the sound and is back when the device is plugged in again', async (test) => {
      const running = await start(test);
      const playback = await playing(running.speaker);
      const fromMs = performance.now();
      await sound.unplug('spk');
      await assert.rejects(playback.drain(), AudioError);
      await running.told.until('lost', fromMs);
      await healed(test, running, fromMs, await sound.plug('spk'));
    });

    it('fails the sound and is back when the sound server is killed and started again', async (test) => {
      const running = await start(test);
      const playback = await playing(running.speaker);
      const fromMs = performance.now();
      await sound.kill();
      await assert.rejects(playback.drain(), AudioError);
      await running.told.until('lost', fromMs);
      await healed(test, running, fromMs, await sound.restart());
    });

    it('leaves no orphan when the client is killed', async (test) => {
      const tookMs = await orphanedForMs('speaker', backend, device, sound.env);
      test.diagnostic(`gone after ${Math.round(tookMs)} ms`);
      assert.ok(tookMs < 2_000, `an orphan for ${tookMs} ms`);
    });
  });
}
