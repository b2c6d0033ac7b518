import { HotwordError, messageOf } from '../errors.js';
import { Rechunker } from '../pcm/rechunk.js';
import type { Ear } from './ear.js';
import type { HotwordEngine, Situation } from './engine.js';

/** A hotword heard, and where. */
export interface HotwordHit {
  /** The phrase as written in `hotword.phrases`. */
  phrase: string;
  /** 0 to 1, on the engine's own scale. */
  score: number;
  /** Name of the engine that heard it. */
  engine: string;
  /** Absolute position of the first sample after the phrase. */
  endedAt: number;
}

/** Options of `HotwordListener`. */
export interface HotwordListenerOptions {
  /** Who listens; the listener does not close it. */
  engine: HotwordEngine;
  /** Within this time after the end of a phrase nothing else is a detection; counted in samples, in milliseconds. */
  refractoryMs: number;
  /** Called inside `feed`. It may call `reset`. */
  onDetection(hit: HotwordHit): void;
  /** The engine cannot go on: called once, and the engine gets no more samples. */
  onFailure(error: HotwordError): void;
}

/**
 * Feeds an engine with samples in blocks of any length and says where in the stream a phrase ended. Positions count
 * the samples fed since the start, or from what `reset` was told last. Allocates nothing while nothing is heard.
 */
export class HotwordListener implements Ear {
  readonly #options: HotwordListenerOptions;
  readonly #chunks: Rechunker;
  readonly #refractorySamples: number;
  #quietUntil = 0;
  #hasFailed = false;

  constructor(options: HotwordListenerOptions) {
    this.#options = options;
    this.#refractorySamples = Math.round((options.refractoryMs * options.engine.rateHz) / 1000);
    this.#chunks = new Rechunker(options.engine.chunkSamples, (chunk, end) => this.#listen(chunk, end));
  }

  /** Absolute position of the next sample to be fed. */
  get position(): number {
    return this.#chunks.position;
  }

  /** Takes mono samples at the engine's rate. Never throws for the engine. */
  feed(samples: Int16Array): void {
    if (!this.#hasFailed) this.#chunks.push(samples);
  }

  /**
   * Forgets what was heard so far. `position` is that of the next sample, for a caller that left some out; it never
   * goes back. The refractory time goes on.
   */
  reset(position?: number): void {
    this.#chunks.reset(position);
    this.#try((engine) => engine.reset());
  }

  /** It tells everything inside `feed`, so there is nothing to hold back. */
  rest(): void {}

  during(situation: Situation): void {
    this.#try((engine) => engine.tuning?.during(situation));
  }

  #listen(chunk: Int16Array, end: number): void {
    if (this.#hasFailed) return;
    const { engine, onDetection } = this.#options;
    let detection: ReturnType<HotwordEngine['process']>;
    try {
      detection = engine.process(chunk);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!detection) return;
    const endedAt = end - detection.endedSamplesAgo;
    if (endedAt < this.#quietUntil) return;
    this.#quietUntil = endedAt + this.#refractorySamples;
    onDetection({ phrase: detection.phrase, score: detection.score, engine: engine.name, endedAt });
  }

  #try(act: (engine: HotwordEngine) => void): void {
    if (this.#hasFailed) return;
    try {
      act(this.#options.engine);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    const { engine, onFailure } = this.#options;
    onFailure(
      error instanceof HotwordError
        ? error
        : new HotwordError(`the hotword engine ${engine.name} failed: ${messageOf(error)}`, { cause: error }),
    );
  }
}
