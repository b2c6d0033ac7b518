import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { AudioError } from '../../src/errors.js';
import { bytesOf, msOfBytes, SPEECH_FORMAT, samplesOf } from '../../src/pcm/format.js';
import { ReplyBuffer } from '../../src/speaker/reply-buffer.js';
import type { Playback, Speaker } from '../../src/speaker/speaker.js';
import { FakeClock, StallingClock } from '../link/support.js';
import { seededRandom } from '../soak/plan.js';

const BYTES_A_MS = 32;

/** A device that plays in the time of the fake clock and notes when it ran dry. */
class FakeSpeaker implements Speaker {
  readonly backend = 'fake';
  isThere = true;
  drains = true;
  /** It takes no more than so much, until `takes` is called. */
  holdsBytes = Number.POSITIVE_INFINITY;
  #room: (() => void)[] = [];
  readonly written: Uint8Array[] = [];
  dryMs = 0;
  mostAheadMs = 0;
  cleared = 0;
  #startedMs: number | undefined;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get bytes(): number {
    return this.written.reduce((sum, { length }) => sum + length, 0);
  }

  /** Everything played, without the silence that filled gaps. */
  get sound(): number[] {
    return [...samplesOf(Buffer.concat(this.written))].filter((sample) => sample !== 0);
  }

  run(): Promise<void> {
    return Promise.resolve();
  }

  open(): Playback {
    if (!this.isThere) throw new AudioError('no loudspeaker');
    return {
      write: (pcm) => {
        this.#startedMs ??= this.#clock.nowMs();
        const aheadMs = this.#aheadMs();
        if (aheadMs < 0) {
          this.dryMs -= aheadMs;
          this.#startedMs -= aheadMs;
        }
        this.written.push(pcm);
        this.mostAheadMs = Math.max(this.mostAheadMs, this.#aheadMs());
        return this.bytes < this.holdsBytes;
      },
      writable: () =>
        this.bytes < this.holdsBytes ? Promise.resolve() : new Promise((resolve) => this.#room.push(resolve)),
      drain: () =>
        new Promise((resolve) => {
          if (this.drains) this.#clock.setTimeout(resolve, Math.max(0, this.#aheadMs()));
        }),
      clear: () => {
        this.cleared += 1;
        return Promise.resolve();
      },
    };
  }

  /** It takes all that it is given from now on. */
  takes(): void {
    this.holdsBytes = Number.POSITIVE_INFINITY;
    for (const resolve of this.#room.splice(0)) resolve();
  }

  #aheadMs(): number {
    if (this.#startedMs === undefined) return 0;
    return msOfBytes(SPEECH_FORMAT, this.bytes) - (this.#clock.nowMs() - this.#startedMs);
  }
}

function bench(options: { prebufferMs?: number; leadInMs?: number; volume?: number; clock?: FakeClock } = {}) {
  const { clock = new FakeClock() } = options;
  const speaker = new FakeSpeaker(clock);
  const told: string[] = [];
  const infos: Record<string, unknown>[] = [];
  const tell = (name: string) => (info: unknown) => {
    told.push(name);
    infos.push({ name, atMs: clock.nowMs(), ...(typeof info === 'object' ? info : { info }) });
  };
  const buffer = new ReplyBuffer({
    speaker,
    listener: { started: tell('started'), drained: tell('drained'), failed: tell('failed'), held: tell('held') },
    clock,
    log: pino({ level: 'silent' }),
    prebufferMs: options.prebufferMs ?? 120,
    leadInMs: options.leadInMs ?? 0,
    bufferLimitMs: 60_000,
    volume: options.volume ?? 1,
  });
  /** Lets the time go by in small steps, so that promises settle between them. */
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 10) {
      clock.advance(Math.min(10, ms - at));
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { clock, speaker, buffer, told, infos, pass };
}

const LONGEST_STOP_MS = 600;

/** A process that stands still for a while here and there, between any two statements. */
function stalling(seed: number): StallingClock {
  const random = seededRandom(seed);
  return new StallingClock(() => (random() < 1 / 64 ? random() * LONGEST_STOP_MS : 0));
}

/** Sound whose samples are all different from silence and, within 32,000, from each other. */
function ramp(ms: number, from = 1): Int16Array {
  return Int16Array.from({ length: ms * 16 }, (_, at) => ((from + at - 1) % 32_000) + 1);
}

describe('reply buffer', () => {
  it('starts when the prebuffer is full, plays every sample, and says so when the last has been played', async () => {
    const { buffer, speaker, told, infos, pass } = bench();
    const sound = ramp(1_000);
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(sound.subarray(0, 100 * 16)));
    await pass(50);
    assert.equal(speaker.bytes, 0, 'not enough yet');
    buffer.push(bytesOf(sound.subarray(100 * 16)));
    assert.ok(speaker.bytes > 0);
    buffer.end();
    await pass(990);
    assert.deepEqual(told, ['started']);
    await pass(400);
    assert.deepEqual(told, ['started', 'drained']);
    assert.deepEqual(speaker.sound, [...sound]);
    assert.equal(speaker.dryMs, 0);
    assert.equal(infos[1]?.underruns, 0);
    assert.ok(Number(infos[1]?.atMs) >= 1_050);
    assert.equal(buffer.isActive, false);
  });

  it('starts at the end of a reply shorter than the prebuffer', async () => {
    const { buffer, speaker, told, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(20)));
    buffer.end();
    await pass(500);
    assert.deepEqual(told, ['started', 'drained']);
    assert.deepEqual(speaker.sound, [...ramp(20)]);
  });

  it('drains an empty reply, and one of a single byte', async () => {
    for (const bytes of [0, 1]) {
      const { buffer, told, pass } = bench();
      buffer.begin(SPEECH_FORMAT);
      buffer.push(new Uint8Array(bytes));
      buffer.end();
      await pass(1_000);
      assert.deepEqual(told, ['drained']);
    }
  });

  it('keeps the device at most 420 ms ahead however fast the reply comes', async () => {
    const { buffer, speaker, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(5_000)));
    assert.ok(speaker.bytes <= 420 * BYTES_A_MS, `${speaker.bytes / BYTES_A_MS} ms`);
    await pass(1_000);
    assert.ok(speaker.bytes <= 1_420 * BYTES_A_MS);
    assert.ok(speaker.bytes >= 1_350 * BYTES_A_MS);
  });

  it('carries odd bytes over from block to block', async () => {
    const { buffer, speaker, pass } = bench();
    const bytes = bytesOf(ramp(300));
    buffer.begin(SPEECH_FORMAT);
    for (let at = 0; at < bytes.length; at += 333) buffer.push(bytes.subarray(at, at + 333));
    buffer.end();
    await pass(800);
    assert.deepEqual(speaker.sound, [...ramp(300)]);
  });

  it('fills a gap with silence, counts it, and loses nothing', async () => {
    const { buffer, speaker, told, infos, pass } = bench();
    const sound = ramp(1_000);
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(sound.subarray(0, 200 * 16)));
    await pass(600);
    buffer.push(bytesOf(sound.subarray(200 * 16)));
    buffer.end();
    await pass(2_000);
    assert.deepEqual(told, ['started', 'drained']);
    assert.equal(infos[1]?.underruns, 1);
    assert.equal(speaker.dryMs, 0);
    const played = speaker.sound;
    const half = 200 * 16;
    assert.deepEqual(played.slice(0, half), [...sound.subarray(0, half)]);
    assert.deepEqual(played.slice(half - sound.length), [...sound.subarray(half)]);
  });

  it('neither drops to the silence of a gap nor jumps out of it', async () => {
    const { buffer, speaker, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(new Int16Array(3_200).fill(20_000)));
    await pass(600);
    buffer.push(bytesOf(new Int16Array(12_800).fill(-20_000)));
    await pass(200);
    const played = samplesOf(Buffer.concat(speaker.written));
    const steps = played.slice(1).map((sample, i) => Math.abs(sample - (played[i] ?? 0)));
    assert.ok(played.includes(0) && played.includes(-20_000));
    assert.ok(Math.max(...steps) < 1_000, `a step of ${Math.max(...steps)}`);
  });

  it('buffers more after each underrun', async () => {
    const { buffer, speaker, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(120)));
    await pass(400);
    const dryBytes = speaker.sound.length;
    buffer.push(bytesOf(ramp(200)));
    await pass(100);
    assert.equal(speaker.sound.length, dryBytes, '240 ms are wanted now');
    buffer.push(bytesOf(ramp(50)));
    await pass(10);
    assert.ok(speaker.sound.length > dryBytes);
  });

  it('plays audio that comes behind the end marker', async () => {
    const { buffer, speaker, told, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(40)));
    buffer.end();
    await pass(100);
    buffer.push(bytesOf(ramp(40, 641)));
    await pass(500);
    assert.deepEqual(speaker.sound, [...ramp(80)]);
    assert.deepEqual(told, ['started', 'drained']);
  });

  it('puts silence in front for amplifiers that swallow the first sound', async () => {
    const { buffer, speaker, pass } = bench({ leadInMs: 80 });
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(300)));
    buffer.end();
    await pass(900);
    const played = samplesOf(Buffer.concat(speaker.written));
    assert.equal(
      played.findIndex((sample) => sample !== 0),
      80 * 16,
    );
  });

  it('keeps little silence in front of the first sample, however long that takes and however late timers are', async () => {
    const { buffer, speaker, clock, infos, pass } = bench({ leadInMs: 40 });
    buffer.begin(SPEECH_FORMAT);
    for (let i = 0; i < 300; i++) clock.block(7);
    const arrivedMs = clock.nowMs();
    buffer.push(bytesOf(ramp(300)));
    buffer.end();
    await pass(900);
    const waitedMs = Number(infos[0]?.firstSampleMs) - arrivedMs;
    assert.ok(waitedMs <= 25, `${waitedMs} ms`);
    assert.equal(speaker.dryMs, 0);
    assert.equal(infos[1]?.underruns, 0);
  });

  it('keeps the device from running dry in a long gap, however late timers are: one underrun', async () => {
    const { buffer, speaker, clock, infos, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(200)));
    for (let i = 0; i < 430; i++) clock.block(7);
    buffer.push(bytesOf(ramp(800, 3_201)));
    buffer.end();
    await pass(2_000);
    assert.equal(speaker.dryMs, 0);
    assert.equal(infos[1]?.underruns, 1);
    const played = speaker.sound;
    assert.deepEqual(played.slice(0, 3_200), [...ramp(200)]);
    assert.deepEqual(played.slice(-12_800), [...ramp(800, 3_201)]);
  });

  it('holds the sender beyond a minute of waiting sound, for two seconds at a time', async () => {
    const { buffer, told, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    for (let second = 0; second < 62; second++) buffer.push(new Uint8Array(32_000).fill(1));
    assert.deepEqual(told, ['started', 'held']);
    await pass(1_000);
    assert.deepEqual(told, ['started', 'held']);
    await pass(4_000);
    assert.deepEqual(told, ['started', 'held', 'held']);
  });

  it('plays a reply that is announced while the device plays the last of the one before', async () => {
    const { buffer, speaker, told, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(300)));
    buffer.end();
    await pass(250);
    buffer.extend();
    buffer.push(bytesOf(ramp(200, 4_801)));
    await pass(100);
    assert.ok(!told.includes('drained'), 'the second one has not been played yet');
    buffer.end();
    await pass(800);
    assert.deepEqual(speaker.sound, [...ramp(500)]);
    assert.equal(told.filter((name) => name === 'drained').length, 1);
  });

  it('plays every reply of several that are announced while the device plays the last of the one before', async () => {
    const { buffer, speaker, told, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(300)));
    buffer.end();
    await pass(250);
    for (const from of [4_801, 8_001, 11_201]) {
      buffer.extend();
      buffer.push(bytesOf(ramp(200, from)));
      buffer.end();
    }
    await pass(1_500);
    assert.deepEqual(speaker.sound, [...ramp(900)]);
    assert.equal(told.filter((name) => name === 'drained').length, 1);
  });

  it('carries odd bytes over where the reply before is still playing out', async () => {
    const { buffer, speaker, pass } = bench();
    const bytes = bytesOf(ramp(300, 4_801));
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(300)));
    buffer.end();
    await pass(250);
    buffer.extend();
    buffer.push(bytes.subarray(0, 333));
    await pass(400);
    for (let at = 333; at < bytes.length; at += 333) buffer.push(bytes.subarray(at, at + 333));
    buffer.end();
    await pass(1_000);
    assert.deepEqual(speaker.sound, [...ramp(600)]);
  });

  for (const [what, waitMs] of [
    ['is playing', 100],
    ['plays out', 250],
  ] as const) {
    it(`drops half a sample at the end of a reply that ${what}, so that the next one is no noise`, async () => {
      const { buffer, speaker, pass } = bench();
      buffer.begin(SPEECH_FORMAT);
      buffer.push(bytesOf(ramp(300)));
      buffer.push(Uint8Array.of(7));
      buffer.end();
      await pass(waitMs);
      for (const from of [4_801, 8_001]) {
        buffer.extend();
        buffer.push(bytesOf(ramp(200, from)));
        buffer.push(Uint8Array.of(7));
        buffer.end();
      }
      await pass(1_500);
      assert.deepEqual(speaker.sound, [...ramp(700)]);
    });
  }

  it('plays what had come when it was sealed, and nothing that comes behind its end from then on', async () => {
    const { buffer, speaker, told, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(300)));
    buffer.end();
    await pass(100);
    buffer.push(bytesOf(ramp(100, 4_801)));
    buffer.seal();
    for (let round = 0; round < 20; round++) {
      buffer.push(bytesOf(ramp(100, 6_401)));
      await pass(100);
    }
    assert.deepEqual(speaker.sound, [...ramp(400)]);
    assert.deepEqual(told, ['started', 'drained']);
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(200)));
    buffer.end();
    await pass(1_000);
    assert.deepEqual(told, ['started', 'drained', 'started', 'drained'], 'the next one is not sealed');
  });

  it('plays the replies behind one that was sealed when they had come', async () => {
    const { buffer, speaker, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(300)));
    buffer.end();
    await pass(250);
    buffer.extend();
    buffer.push(bytesOf(ramp(200, 4_801)));
    buffer.end();
    buffer.seal();
    buffer.push(bytesOf(ramp(200, 8_001)));
    await pass(1_000);
    assert.deepEqual(speaker.sound, [...ramp(500)]);
  });

  it('keeps its time when this process was busy for longer than the device was ahead', async () => {
    const { buffer, speaker, clock, told, infos, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(1_700)));
    buffer.end();
    await pass(100);
    clock.block(3_000);
    await pass(1_000);
    assert.deepEqual(told, ['started'], 'the device waited, so it is not done yet');
    await pass(600);
    assert.deepEqual(told, ['started', 'drained']);
    assert.ok(Number(infos.at(-1)?.underruns) >= 1);
    assert.deepEqual(speaker.sound, [...ramp(1_700)]);
  });

  it('plays what has come in one piece, wherever this process stands still', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const { buffer, speaker, told, pass } = bench({ clock: stalling(seed) });
      const sound = ramp(2_000);
      buffer.begin(SPEECH_FORMAT);
      buffer.push(bytesOf(sound));
      if (seed % 2 === 0) buffer.end();
      await pass(1_000);
      buffer.end();
      for (let i = 0; i < 10 && buffer.isActive; i++) await pass(2_000);
      assert.deepEqual(told, ['started', 'drained'], `seed ${seed}`);
      const played = samplesOf(Buffer.concat(speaker.written));
      const from = played.findIndex((sample) => sample !== 0);
      assert.deepEqual(played.slice(from, from + sound.length), sound, `seed ${seed}`);
    }
  });

  it('is never further ahead than planned by more than one stop of this process, wherever it stops in a gap', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const { buffer, speaker, pass } = bench({ clock: stalling(seed) });
      buffer.begin(SPEECH_FORMAT);
      for (let gap = 0; gap < 5; gap++) {
        buffer.push(bytesOf(ramp(600)));
        await pass(1_500);
      }
      assert.ok(speaker.mostAheadMs <= 420 + LONGEST_STOP_MS, `seed ${seed}: ${speaker.mostAheadMs} ms ahead`);
    }
  });

  it('takes what came behind the end while this process stood still', async () => {
    for (const soonMs of [0, 60, 140]) {
      const { buffer, speaker, clock, told, pass } = bench();
      buffer.begin(SPEECH_FORMAT);
      buffer.push(bytesOf(ramp(200)));
      buffer.end();
      await pass(soonMs);
      clock.block(500);
      buffer.push(bytesOf(ramp(100, 3_201)));
      await pass(1_000);
      assert.deepEqual(speaker.sound, [...ramp(300)], `${soonMs} ms behind the end`);
      assert.deepEqual(told, ['started', 'drained']);
    }
  });

  it('is silent after clear, says nothing more, and lets a held sender go', async () => {
    const { buffer, speaker, told, infos, pass } = bench();
    buffer.begin(SPEECH_FORMAT);
    for (let second = 0; second < 62; second++) buffer.push(new Uint8Array(32_000).fill(1));
    await buffer.clear();
    assert.equal(speaker.cleared, 1);
    assert.equal(infos.at(-1)?.info, false);
    const { bytes } = speaker;
    told.length = 0;
    buffer.push(new Uint8Array(32_000));
    await pass(5_000);
    assert.equal(speaker.bytes, bytes);
    assert.deepEqual(told, []);
  });

  it('fails by event when there is no device, and when the device never says that it has played', async () => {
    const none = bench();
    none.speaker.isThere = false;
    none.buffer.begin(SPEECH_FORMAT);
    assert.deepEqual(none.told, [], 'not from inside');
    await none.pass(20);
    assert.deepEqual(none.told, ['failed']);

    const mute = bench();
    mute.speaker.drains = false;
    mute.buffer.begin(SPEECH_FORMAT);
    mute.buffer.push(bytesOf(ramp(200)));
    mute.buffer.end();
    await mute.pass(6_000);
    assert.deepEqual(mute.told, ['started', 'failed']);
  });

  it('fails a reply whose device takes no more of it, within seconds and however long it is', async () => {
    for (const isEnded of [true, false]) {
      const { buffer, speaker, told, infos, pass } = bench({ leadInMs: 40 });
      speaker.holdsBytes = 80_000;
      buffer.begin(SPEECH_FORMAT);
      buffer.push(bytesOf(ramp(20_000)));
      if (isEnded) buffer.end();
      await pass(7_000);
      assert.deepEqual(told, ['started'], 'a device may stop for a while');
      await pass(2_000);
      assert.deepEqual(told, ['started', 'failed']);
      assert.match(String(infos[1]?.why), /^the device took no more sound within 5\d\d\d ms$/);
      assert.equal(speaker.cleared, 1);
      assert.equal(buffer.isActive, false);
    }
  });

  it('plays on when a device that took nothing for seconds takes sound again: one underrun', async () => {
    for (const blockedMs of [1_000, 5_000]) {
      const { buffer, speaker, told, infos, pass } = bench();
      speaker.holdsBytes = 40_000;
      buffer.begin(SPEECH_FORMAT);
      buffer.push(bytesOf(ramp(4_000)));
      await pass(1_000 + blockedMs);
      speaker.takes();
      await pass(200);
      buffer.end();
      await pass(8_000);
      assert.deepEqual(told, ['started', 'drained']);
      assert.equal(infos[1]?.underruns, 1);
      assert.deepEqual(speaker.sound, [...ramp(4_000)], 'no silence was put in');
    }
  });

  it('does not put it down to the device when this process itself stood still', async () => {
    const { buffer, speaker, clock, told, pass } = bench();
    speaker.holdsBytes = 40_000;
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(ramp(4_000)));
    buffer.end();
    await pass(2_000);
    clock.block(60_000);
    speaker.takes();
    await pass(3_500);
    assert.deepEqual(told, ['started', 'drained']);

    const last = bench();
    last.speaker.drains = false;
    last.buffer.begin(SPEECH_FORMAT);
    last.buffer.push(bytesOf(ramp(200)));
    last.buffer.end();
    await last.pass(400);
    last.clock.block(60_000);
    assert.deepEqual(last.told, ['started']);
  });

  it('without a prebuffer fills a gap once, and what is behind it is played when it comes', async () => {
    const { buffer, speaker, told, infos, pass } = bench({ prebufferMs: 0, leadInMs: 40 });
    buffer.begin(SPEECH_FORMAT);
    await pass(300);
    assert.deepEqual(told, [], 'nothing has come yet');
    buffer.push(bytesOf(new Int16Array(3_200).fill(10_000)));
    await pass(10);
    assert.deepEqual(told, ['started']);
    await pass(700);
    buffer.push(bytesOf(new Int16Array(3_200).fill(10_000)));
    await pass(100);
    buffer.end();
    await pass(2_000);
    assert.equal(infos[1]?.underruns, 1);
    const played = samplesOf(Buffer.concat(speaker.written));
    const jumps = played.filter((sample, i) => Math.abs(sample - (played[i - 1] ?? 0)) > 3_000).length;
    assert.ok(jumps <= 2, `${jumps} jumps; the sound begins and ends with one`);
  });

  it('scales by the square of the volume', async () => {
    const { buffer, speaker, pass } = bench({ volume: 0.5 });
    buffer.begin(SPEECH_FORMAT);
    buffer.push(bytesOf(new Int16Array(3_200).fill(1_000)));
    buffer.end();
    await pass(600);
    assert.ok(speaker.sound.length === 3_200 && speaker.sound.every((sample) => sample === 250));
  });

  it('fades to another volume in the middle of a reply', async () => {
    for (const [from, to] of [
      [1, 0],
      [0.2, 1],
    ] as const) {
      const { buffer, speaker, pass } = bench({ volume: from });
      buffer.begin(SPEECH_FORMAT);
      buffer.push(bytesOf(new Int16Array(16_000).fill(10_000)));
      buffer.end();
      await pass(500);
      buffer.volume = to;
      await pass(2_000);
      const played = samplesOf(Buffer.concat(speaker.written)).subarray(0, 16_000);
      const steps = played.slice(1).map((sample, i) => Math.abs(sample - (played[i] ?? 0)));
      assert.deepEqual([played[0], played.at(-1)], [Math.round(10_000 * from ** 2), 10_000 * to ** 2]);
      assert.ok(Math.max(...steps) <= 63, `a step of ${Math.max(...steps)}, where 10 ms have 160`);
      assert.equal(steps.filter((step) => step > 0).length, 160);
    }
  });
});
