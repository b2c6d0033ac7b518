import type { PhraseScore } from './engine.js';
import type { PauseWatch } from './pause-watch.js';
import type { Pointer, SphinxLibrary } from './sphinx-library.js';
import type { Thresholds } from './thresholds.js';

/** Options of `SphinxJudge`. */
export interface SphinxJudgeOptions {
  sphinx: SphinxLibrary;
  /** The phrase as the decoder knows it → as it is written in the configuration. */
  spoken: ReadonlyMap<string, string>;
  thresholds: Thresholds;
  pauses: PauseWatch;
}

/** The decoder gives logarithms to the base 1.0001, divided by 1024, with 1500 (its KWS_MAX) taken off. */
const DECADES_A_UNIT = 1024 * Math.log10(1.0001);
const SCORE_OFFSET = 1500;

/**
 * A phrase that begins at most this many frames of 10 ms after the first sound follows a pause: a breath may be in
 * between, and the decoder's first frames are often a little late.
 */
const BREATH_FRAMES = 12;
/** The decoder may count some of the pause to the phrase; what began earlier was said before the pause. */
const SILENCE_FRAMES = 30;

/** Decides which of the phrases that the decoder found are heard: in the middle of speech less likely ones are not. */
export class SphinxJudge {
  readonly #options: SphinxJudgeOptions;
  /** Phrase → the first frame of the last one that was refused in this utterance. */
  readonly #refused = new Map<string, number>();

  constructor(options: SphinxJudgeOptions) {
    this.#options = options;
  }

  /** An utterance begins. */
  begin(): void {
    this.#refused.clear();
  }

  /** The best phrase found in this utterance, if one is heard. Tells the watcher once of each that is not. */
  best(decoder: Pointer, watcher?: (score: PhraseScore) => void): { phrase: string; score: number } | undefined {
    const { sphinx, spoken, thresholds, pauses } = this.#options;
    let best: { phrase: string; score: number } | undefined;
    for (let segment = sphinx.firstSegment(decoder, null); segment; segment = sphinx.nextSegment(segment)) {
      const words = sphinx.segmentWord(segment)?.trim() ?? '';
      const phrase = spoken.get(words) ?? words;
      const units = sphinx.segmentProbability(segment, null, null, null) + SCORE_OFFSET;
      const ratioLog10 = units * DECADES_A_UNIT;
      const first = sphinx.segmentFirstFrame(segment);
      const isAfterPause = beginsAt(first, pauses.speechSince) || beginsAt(first, pauses.louderSince);
      const threshold = thresholds.of(phrase);
      const inSpeech = thresholds.inSpeech(phrase);
      const score = scoreOf(ratioLog10, threshold);
      // The decoder has compared with the first already, more exactly than its rounded score tells.
      if (!isAfterPause && inSpeech > threshold && ratioLog10 < Math.log10(inSpeech)) {
        // While the same is heard still, its beginning may shift.
        if (first <= (this.#refused.get(phrase) ?? Number.NEGATIVE_INFINITY) + SILENCE_FRAMES) continue;
        this.#refused.set(phrase, first);
        watcher?.({ phrase, score, isHeard: false });
        continue;
      }
      if (!best || score > best.score) best = { phrase, score };
    }
    return best;
  }
}

function beginsAt(first: number, soundSince: number): boolean {
  return first >= soundSince - SILENCE_FRAMES && first <= soundSince + BREATH_FRAMES;
}

/**
 * The score of a likelihood ratio: 0 at the threshold, and every ten powers of ten above it halve what is missing to 1.
 */
export function scoreOf(ratioLog10: number, threshold: number): number {
  return 1 - 2 ** (-Math.max(0, ratioLog10 - Math.log10(threshold)) / 10);
}
