import type { PhraseScore } from './engine.js';

/** The engine that scored, as far as its scores are to be understood. */
export interface Scorer {
  readonly engine: string | undefined;
  /** Of each phrase; undefined where the engine has none. */
  readonly thresholds: ReadonlyMap<string, number> | undefined;
}

/** An engine whose thresholds are spread over powers of ten. */
export function isLogarithmic({ engine }: Pick<Scorer, 'engine'>): boolean {
  return engine === 'pocketsphinx';
}

/**
 * A score on the scale of its threshold, so that a person can compare them. PocketSphinx tells how far above its threshold it
 * was (`scoreOf` in sphinx-judge.ts); this is the inverse of that, a likelihood.
 */
export function shownScore({ phrase, score }: PhraseScore, scorer: Scorer): number {
  if (!isLogarithmic(scorer)) return score;
  const threshold = scorer.thresholds?.get(phrase) ?? 1;
  return Math.min(1, threshold * 10 ** (-10 * Math.log2(1 - Math.min(score, 0.999))));
}
