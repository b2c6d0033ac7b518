/** A hotword heard. */
export interface Detection {
  /** The phrase as written in `hotword.phrases`. */
  phrase: string;
  /** How sure the engine is, 0 to 1, on the engine's own scale. */
  score: number;
  /** How many samples before the end of the chunk just processed the phrase ended. */
  endedSamplesAgo: number;
}

/** Finds phrases in speech. Fed with every sample, in order, in chunks of exactly `chunkSamples`. */
export interface HotwordEngine {
  /** The engine's name as in `hotword.engine`. */
  readonly name: string;
  /** The phrases it listens for. */
  readonly phrases: readonly string[];
  /** Sample rate it wants, in hertz. */
  readonly rateHz: number;
  /** Samples it wants at each call. */
  readonly chunkSamples: number;
  /** Takes one chunk of mono samples; returns what it heard end in it, if anything. Throws HotwordError when it cannot go on. */
  process(chunk: Int16Array): Detection | undefined;
  /** Forgets what it has heard so far, so that the next chunk may be from another time. */
  reset(): void;
  /** Gives its memory back. May be called twice. */
  close(): void;
}
