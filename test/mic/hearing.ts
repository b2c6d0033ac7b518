import type { Microphone, MicrophoneListener } from '../../src/mic/microphone.js';
import { Watch } from '../helpers/watch.js';

const LIMIT_MS = 10_000;

/** What happened, and when on the scale of `performance.now()`. */
interface Happening {
  event: 'ready' | 'lost';
  why: string;
  atMs: number;
}

/** A listener that keeps everything that a microphone tells. */
export class Hearing implements MicrophoneListener {
  readonly happenings: Happening[] = [];
  readonly chunkAtMs: number[] = [];
  readonly #chunks: Int16Array[] = [];
  readonly #watch = new Watch();
  readonly #stop = new AbortController();
  #captured: Promise<void> = Promise.resolve();

  /** Starts to capture. */
  start(microphone: Microphone): void {
    this.#captured = microphone.capture(this, this.#stop.signal);
  }

  /** Stops to capture; resolves when the microphone says that it is closed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#captured;
  }

  chunk(samples: Int16Array): void {
    this.chunkAtMs.push(performance.now());
    this.#chunks.push(samples);
    this.#watch.notify();
  }

  ready(): void {
    this.#note('ready', '');
  }

  lost({ why }: { why: string }): void {
    this.#note('lost', why);
  }

  /** Everything heard from the chunk with this index on. */
  heard(fromChunk = 0): Int16Array {
    const chunks = this.#chunks.slice(fromChunk);
    const all = new Int16Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /** The index of the first chunk from `fromChunk` on that is not silent. */
  firstChunkWithSound(fromChunk: number): number | undefined {
    const index = this.#chunks.findIndex((chunk, at) => at >= fromChunk && chunk.some((sample) => sample !== 0));
    return index < 0 ? undefined : index;
  }

  /** The first such event from `fromMs` on; waits for it. */
  async until(event: Happening['event'], fromMs: number, timeoutMs = LIMIT_MS): Promise<Happening> {
    const find = () => this.happenings.find((one) => one.event === event && one.atMs >= fromMs);
    const past = () =>
      JSON.stringify(this.happenings.map((one) => [one.event, one.why, Math.round(one.atMs - fromMs)]));
    return this.#watch.for(find, timeoutMs, () => `the microphone is ${event}; what happened: ${past()}`);
  }

  /** Resolves when so many more samples have been heard. */
  async more(samples: number): Promise<void> {
    const from = this.#chunks.length;
    const enough = () => this.heard(from).length >= samples || undefined;
    await this.#watch.for(enough, LIMIT_MS, () => `${samples} more samples`);
  }

  #note(event: Happening['event'], why: string): void {
    this.happenings.push({ event, why, atMs: performance.now() });
    this.#watch.notify();
  }
}
