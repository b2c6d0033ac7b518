import type { Detection, HotwordEngine } from '../../src/hotword/engine.js';

/** An engine that hears what it is told to, and remembers how it was used. */
export class FakeEngine implements HotwordEngine {
  readonly name = 'fake';
  readonly phrases = ['hey fake'];
  readonly rateHz: number;
  readonly chunkSamples: number;
  /** Decides on each chunk. */
  answer: (chunk: Int16Array) => Detection | undefined = () => undefined;
  chunks = 0;
  resets = 0;

  constructor(options: { rateHz?: number; chunkSamples?: number } = {}) {
    this.rateHz = options.rateHz ?? 16_000;
    this.chunkSamples = options.chunkSamples ?? 100;
  }

  process(chunk: Int16Array): Detection | undefined {
    this.chunks += 1;
    return this.answer(chunk);
  }

  reset(): void {
    this.resets += 1;
  }

  close(): void {}

  /** Hears its phrase wherever a chunk has a sample of this value; the phrase ends there. */
  hearValue(value: number): void {
    this.answer = (chunk) => {
      const at = chunk.indexOf(value);
      return at === -1 ? undefined : { phrase: 'hey fake', score: 0.5, endedSamplesAgo: chunk.length - at };
    };
  }
}
