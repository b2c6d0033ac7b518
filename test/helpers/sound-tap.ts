import type { ChildProcess } from 'node:child_process';
import { bytesOf } from '../../src/pcm/format.js';
import { endProcess, startPiped } from './processes.js';
import { Watch } from './watch.js';

/** Samples a second of everything on the virtual sound, in hertz. */
export const RATE_HZ = 16_000;
const SAMPLES_PER_MS = RATE_HZ / 1000;
const ATTACH_LIMIT_MS = 5000;

/** An unbroken stretch of a recording. */
interface Segment {
  /** When its first sample sounded, on the scale of `performance.now()`. */
  originMs: number;
  samples: Int16Array;
  length: number;
}

/**
 * Records one PulseAudio source without a pause and knows when each sample sounded, on the scale of
 * `performance.now()` and to about 25 ms. Being attached also keeps a null sink's blocks small.
 */
export class SoundTap {
  readonly #source: string;
  readonly #keepSamples: number;
  #segments: Segment[] = [];
  readonly #watch = new Watch();
  #child: ChildProcess | undefined;

  /**
   * @param source the name of a PulseAudio source.
   * @param keepMs forgets what is older than so many milliseconds, for runs that last for hours.
   */
  constructor(source: string, keepMs = Number.POSITIVE_INFINITY) {
    this.#source = source;
    this.#keepSamples = keepMs * SAMPLES_PER_MS;
  }

  /** The recorder's process, while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts to record; resolves with the first chunk. Rejects after 5 s without one. */
  async attach(env: NodeJS.ProcessEnv): Promise<void> {
    await this.detach();
    const args = ['--raw', '-d', this.#source, `--rate=${RATE_HZ}`, '--channels=1', '--format=s16le'];
    const child = await startPiped('parec', [...args, '--latency-msec=20'], env);
    this.#child = child;
    const errors: string[] = [];
    child.stderr.on('data', (text: Buffer) => errors.push(text.toString()));
    const segment: Segment = { originMs: Number.POSITIVE_INFINITY, samples: new Int16Array(RATE_HZ * 30), length: 0 };
    let carried = Buffer.alloc(0);
    child.stdout.on('data', (bytes: Buffer) => {
      const all = carried.length > 0 ? Buffer.concat([carried, bytes]) : bytes;
      carried = Buffer.from(all.subarray(all.length & ~1));
      this.#append(segment, all.subarray(0, all.length & ~1));
    });
    if (Number.isFinite(this.#keepSamples)) this.#segments = this.#segments.slice(-1);
    this.#segments.push(segment);
    const what = () => `recording of ${this.#source}: ${errors.join('').trim()}`;
    await this.#watch.for(() => segment.length > 0 || undefined, ATTACH_LIMIT_MS, what);
  }

  /** Stops to record; what was recorded stays. May be called twice. */
  async detach(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child) await endProcess(child);
  }

  /** The end of the recording so far, on the scale of `performance.now()`. */
  get endMs(): number {
    const last = this.#segments.at(-1);
    return last && last.length > 0 ? last.originMs + last.length / SAMPLES_PER_MS : performance.now();
  }

  /** The first moment of the recording. */
  get startMs(): number {
    return this.#segments[0]?.originMs ?? performance.now();
  }

  /** What sounded from `fromMs` to `toMs`; where nothing was recorded there is silence. */
  recording(fromMs = this.startMs, toMs = this.endMs): Int16Array {
    const result = new Int16Array(Math.max(0, Math.round((toMs - fromMs) * SAMPLES_PER_MS)));
    for (const { originMs, samples, length } of this.#segments) {
      const at = Math.round((originMs - fromMs) * SAMPLES_PER_MS);
      const first = Math.max(0, -at);
      const last = Math.min(length, result.length - at);
      if (last > first) result.set(samples.subarray(first, last), at + first);
    }
    return result;
  }

  /** When the first sample above `threshold` at or after `fromMs` sounded. */
  firstSoundMs(fromMs = this.startMs, threshold = 0): number | undefined {
    for (const { originMs, samples, length } of this.#segments) {
      for (let i = Math.max(0, Math.ceil((fromMs - originMs) * SAMPLES_PER_MS)); i < length; i++) {
        if (Math.abs(samples[i] ?? 0) > threshold) return originMs + i / SAMPLES_PER_MS;
      }
    }
    return undefined;
  }

  /** When the last sample above `threshold` at or after `fromMs` sounded. */
  lastSoundMs(fromMs = this.startMs, threshold = 0): number | undefined {
    for (const { originMs, samples, length } of this.#segments.toReversed()) {
      for (let i = length - 1; i >= Math.max(0, (fromMs - originMs) * SAMPLES_PER_MS); i--) {
        if (Math.abs(samples[i] ?? 0) > threshold) return originMs + i / SAMPLES_PER_MS;
      }
    }
    return undefined;
  }

  /** Resolves as soon as `holds` does, asked at every chunk. Rejects after `timeoutMs`. */
  async until(holds: () => boolean, timeoutMs: number): Promise<void> {
    const what = () => `${this.#source}: what the test waits for was not heard`;
    await this.#watch.for(() => holds() || undefined, timeoutMs, what);
  }

  /** Resolves with the moment of the first sample above `threshold` at or after `fromMs`. */
  async untilSound(fromMs: number, timeoutMs: number, threshold = 0): Promise<number> {
    const what = () => `a sound of ${this.#source}`;
    return this.#watch.for(() => this.firstSoundMs(fromMs, threshold), timeoutMs, what);
  }

  /** Resolves once nothing has sounded for `silenceMs`, counted from `fromMs` at the earliest. */
  async untilSilent(fromMs: number, silenceMs: number, timeoutMs: number, threshold = 0): Promise<void> {
    await this.until(() => this.endMs - (this.lastSoundMs(fromMs, threshold) ?? fromMs) >= silenceMs, timeoutMs);
  }

  #append(segment: Segment, bytes: Buffer): void {
    const count = bytes.length >> 1;
    if (segment.length > 2 * this.#keepSamples) {
      const dropped = segment.length - this.#keepSamples;
      segment.samples.copyWithin(0, dropped, segment.length);
      segment.length -= dropped;
      segment.originMs += dropped / SAMPLES_PER_MS;
    }
    if (segment.length + count > segment.samples.length) {
      const grown = new Int16Array(segment.samples.length * 2 + count);
      grown.set(segment.samples.subarray(0, segment.length));
      segment.samples = grown;
    }
    bytesOf(segment.samples).set(bytes, segment.length * 2);
    segment.length += count;
    // Chunks come late, never early: the earliest one tells how the samples lie in time.
    segment.originMs = Math.min(segment.originMs, performance.now() - segment.length / SAMPLES_PER_MS);
    this.#watch.notify();
  }
}
