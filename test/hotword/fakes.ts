import type { Detection, HotwordEngine } from '../../src/hotword/engine.js';
import type { HotwordSettings } from '../../src/hotword/registry.js';

/** Settings for "hey tars" with the defaults of the configuration and nothing else configured. */
export function hotwordSettings(changes: Partial<HotwordSettings> = {}): HotwordSettings {
  return {
    engine: 'auto',
    phrases: ['hey tars'],
    sensitivity: 0.5,
    porcupine: { accessKeyFile: '', keywords: {} },
    openwakeword: { frontEndDir: '/nowhere', models: {}, threshold: 0.5 },
    pocketsphinx: { threshold: 1e-25, pronunciations: {} },
    ...changes,
  };
}

/** An engine that hears what it is told to, and remembers how it was used. */
export class FakeEngine implements HotwordEngine {
  readonly name: string;
  readonly phrases = ['hey fake'];
  readonly rateHz: number;
  readonly chunkSamples: number;
  /** Decides on each chunk. */
  answer: (chunk: Int16Array) => Detection | undefined = () => undefined;
  chunks = 0;
  resets = 0;

  constructor(options: { name?: string; rateHz?: number; chunkSamples?: number } = {}) {
    this.name = options.name ?? 'fake';
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
