/** A hotword heard. */
export interface Detection {
  /** The phrase as written in `hotword.phrases`. */
  phrase: string;
  /** How sure the engine is, 0 to 1, on the engine's own scale. */
  score: number;
  /** How many samples before the end of the chunk just processed the phrase ended. */
  endedSamplesAgo: number;
}

/** How near a phrase was to what has just been said. */
export interface PhraseScore {
  phrase: string;
  /** 0 to 1, on the engine's own scale. */
  score: number;
  /** True when it counted as heard. */
  isHeard: boolean;
}

/** When an engine listens: for a phrase out of quiet, or over a reply, of which the microphone hears an echo. */
export type Situation = 'listening' | 'reply';

/** What an engine lets be set and seen while it listens. */
export interface Tuning {
  /** The threshold of each phrase, on the engine's own scale. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** How many of the last samples make a score, where that is a fixed number: openWakeWord. */
  readonly windowSamples?: number;
  /** Another threshold, above 0 and at most 1, from the next sample on. Throws HotwordError for another value or phrase. */
  setThreshold(phrase: string, threshold: number): void;
  /** Which thresholds hold from the next sample on: within a reply perhaps stricter ones. */
  during(situation: Situation): void;
  /** Calls `watcher` inside `process` with each new score, or no more. Scores cost nothing while nobody watches. */
  watchScores(watcher: ((score: PhraseScore) => void) | undefined): void;
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
  /** Absent where the engine has nothing that could be set or seen: Porcupine. */
  readonly tuning?: Tuning;
  /** Gives its memory back. May be called twice. */
  close(): void;
}
