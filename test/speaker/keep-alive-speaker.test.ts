import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AudioError } from '../../src/errors.js';
import { SPEECH_FORMAT } from '../../src/pcm/format.js';
import { KeepAliveSpeaker } from '../../src/speaker/keep-alive-speaker.js';
import type { Playback, Speaker, SpeakerListener } from '../../src/speaker/speaker.js';
import { keptPerStep } from '../helpers/heap.js';
import { FakeClock } from '../link/support.js';

const SOUNDS = 2_000;
const STRETCH_MS = 240_000;

/** Notes what is opened, and in milliseconds what each stretch of sound was given. */
class FakeSpeaker implements Speaker {
  readonly backend = 'fake';
  readonly stretches: { ms: number; isSilent: boolean }[] = [];
  listener: SpeakerListener | undefined;
  isThere = true;
  hasRoom = true;
  failure: AudioError | undefined;

  run(listener: SpeakerListener): Promise<void> {
    this.listener = listener;
    return Promise.resolve();
  }

  open(): Playback {
    if (!this.isThere) throw new AudioError('no loudspeaker');
    const stretch = { ms: 0, isSilent: true };
    this.stretches.push(stretch);
    return {
      write: (pcm) => {
        stretch.ms += pcm.length / 32;
        stretch.isSilent &&= pcm.every((byte) => byte === 0);
        return this.hasRoom;
      },
      writable: () => (this.hasRoom ? Promise.resolve() : new Promise(() => undefined)),
      drain: () => (this.failure ? Promise.reject(this.failure) : Promise.resolve()),
      clear: () => Promise.resolve(),
    };
  }
}

async function setUp() {
  const clock = new FakeClock();
  const inner = new FakeSpeaker();
  const speaker = new KeepAliveSpeaker({ speaker: inner, clock });
  const abort = new AbortController();
  const told: string[] = [];
  await speaker.run({ ready: () => told.push('ready'), lost: () => told.push('lost') }, abort.signal);
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 50) {
      clock.advance(50);
      for (let i = 0; i < 8; i++) await Promise.resolve();
    }
  };
  return { clock, inner, speaker, abort, told, pass };
}

describe('keep alive', () => {
  it('plays silence while nothing else plays, a little ahead of time', async () => {
    const { inner, told, pass } = await setUp();
    inner.listener?.ready({ device: 'x' });
    await pass(1_000);
    assert.deepEqual(told, ['ready']);
    assert.deepEqual(inner.stretches, [{ ms: 1_300, isSilent: true }]);
  });

  it('makes up for what late timers missed, so that the device does not run dry', async () => {
    const { clock, inner } = await setUp();
    inner.listener?.ready({ device: 'x' });
    const aheadMs: number[] = [];
    for (let i = 0; i < 50; i++) {
      clock.block(130);
      for (let turn = 0; turn < 8; turn++) await Promise.resolve();
      aheadMs.push((inner.stretches[0]?.ms ?? 0) - clock.nowMs());
    }
    assert.ok(Math.min(...aheadMs) >= 200, `${aheadMs}`);
    assert.ok(Math.max(...aheadMs) <= 400, `${aheadMs}`);
  });

  it('is ahead again after the device has run dry, by no more than before', async () => {
    const { clock, inner, pass } = await setUp();
    inner.listener?.ready({ device: 'x' });
    clock.block(2_000);
    await pass(1_000);
    // It looks ten times a second.
    assert.equal(inner.stretches[0]?.ms, 300 + 300 + 900);
  });

  it('gives no more to a device that takes no more', async () => {
    const { inner, pass } = await setUp();
    inner.hasRoom = false;
    inner.listener?.ready({ device: 'x' });
    await pass(2_000);
    assert.equal(inner.stretches[0]?.ms, 100);
  });

  it('tries again when the silence failed and the device is not lost', async () => {
    const { inner, pass } = await setUp();
    inner.failure = new AudioError('refused');
    inner.listener?.ready({ device: 'x' });
    await pass(STRETCH_MS + 500);
    assert.equal(inner.stretches.length, 1);
    await pass(1_000);
    assert.equal(inner.stretches.length, 2);
  });

  it('makes way for a sound, and goes on when that has been played', async () => {
    const { inner, speaker, pass } = await setUp();
    inner.listener?.ready({ device: 'x' });
    await pass(500);
    const playback = speaker.open(SPEECH_FORMAT);
    playback.write(new Uint8Array(640).fill(1));
    await pass(1_000);
    assert.deepEqual(inner.stretches, [
      { ms: 800, isSilent: true },
      { ms: 20, isSilent: false },
    ]);
    await playback.drain();
    await pass(500);
    assert.deepEqual(inner.stretches[2], { ms: 800, isSilent: true });
  });

  it('does not take the place of a sound that followed another', async () => {
    const { inner, speaker, pass } = await setUp();
    inner.listener?.ready({ device: 'x' });
    const first = speaker.open(SPEECH_FORMAT);
    speaker.open(SPEECH_FORMAT);
    await first.drain();
    await pass(500);
    assert.equal(inner.stretches.length, 3);
  });

  it('begins a new stretch now and then', async () => {
    const { inner, pass } = await setUp();
    inner.listener?.ready({ device: 'x' });
    await pass(2 * STRETCH_MS + 5_000);
    assert.equal(inner.stretches.length, 3);
  });

  it('rests while there is no device, and when it is over', async () => {
    const { inner, abort, told, pass } = await setUp();
    inner.listener?.ready({ device: 'x' });
    inner.isThere = false;
    inner.listener?.lost({ why: 'unplugged' });
    await pass(1_000);
    assert.equal(inner.stretches.length, 1);
    inner.isThere = true;
    inner.listener?.ready({ device: 'x' });
    await pass(100);
    assert.equal(inner.stretches.length, 2);
    abort.abort();
    const before = inner.stretches[1]?.ms;
    await pass(1_000);
    assert.equal(inner.stretches[1]?.ms, before);
    assert.deepEqual(told, ['ready', 'lost', 'ready']);
  });

  it('keeps nothing of a sound that is over', async () => {
    const { clock, inner, speaker } = await setUp();
    inner.listener?.ready({ device: 'x' });
    const play = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await speaker.open(SPEECH_FORMAT).drain();
        inner.stretches.length = 0;
        clock.advance(1);
        // A collection takes no signal of the turn of the event loop in which it was made.
        if (i % 100 === 0) await new Promise(setImmediate);
      }
    };
    await play(1_000);
    const keptBytes = await keptPerStep(SOUNDS, play);
    assert.ok(keptBytes < 10, `${keptBytes.toFixed(1)} bytes of each sound are kept`);
  });
});
