import { basename } from 'node:path';
import type { Hearing } from './hearing.js';
import { type Random, shuffled } from './random.js';

/** How often a phrase was heard where it is said, and where it is not. */
export interface Tally {
  said: number;
  heard: number;
  falseAlarms: number;
  /** The sound without the phrase, in hours. */
  otherHours: number;
}

/** True for a recording of this phrase: it is called after it. */
export function says(phrase: string, file: string): boolean {
  return basename(file).startsWith(`${phrase.replaceAll(' ', '-')}_`);
}

/** Counts what one phrase's engine heard. */
export function tally(phrase: string, hearings: readonly Hearing[]): Tally {
  const own = hearings.filter(({ file }) => says(phrase, file));
  const others = hearings.filter(({ file }) => !says(phrase, file));
  return {
    said: own.length,
    heard: own.filter(({ hits }) => hits.length > 0).length,
    falseAlarms: others.reduce((sum, { hits }) => sum + hits.length, 0),
    otherHours: others.reduce((sum, { durationS }) => sum + durationS, 0) / 3600,
  };
}

/** The delays of a phrase where it is said, in milliseconds, rising. */
export function delaysOf(phrase: string, hearings: readonly Hearing[]): number[] {
  return hearings
    .filter(({ file }) => says(phrase, file))
    .flatMap(({ hits }) => hits.slice(0, 1).map(({ delayMs }) => delayMs))
    .sort((a, b) => a - b);
}

/** The value below which the part `q` of some rising values lies. */
export function quantile(rising: readonly number[], q: number): number {
  return rising[Math.min(rising.length - 1, Math.floor(rising.length * q))] ?? Number.NaN;
}

/** One way to tune: what was heard of each recording at each threshold, those that hear little first. */
export type Sweep = readonly { threshold: string; hearings: readonly Hearing[] }[];

/** What came of tuning on one half of the recordings and counting on the other, over many divisions. */
export interface CrossValidation {
  /** Part of the phrases heard in the other half: the mean, and the 5 % and 95 % points. */
  recall: readonly [mean: number, low: number, high: number];
  /** False alarms in the other half, on average. */
  falseAlarms: number;
  /** How often each threshold was chosen. */
  chosen: ReadonlyMap<string, number>;
}

/**
 * Divides the recordings again and again; takes the threshold that hears most in the first half with at most
 * `allowed` false alarms there (the stricter of equals), and counts in the second half.
 */
export function crossValidate(
  phrase: string,
  sweep: Sweep,
  options: { allowed: number; rounds: number; random: Random },
): CrossValidation {
  const files = sweep[0]?.hearings.map(({ file }) => file) ?? [];
  const recalls: number[] = [];
  const chosen = new Map<string, number>();
  let falseAlarms = 0;
  for (let round = 0; round < options.rounds; round++) {
    const half = new Set(shuffled(files, options.random).slice(0, Math.floor(files.length / 2)));
    const tallies = sweep.map(({ threshold, hearings }) => ({
      threshold,
      tuned: tally(
        phrase,
        hearings.filter(({ file }) => half.has(file)),
      ),
      tried: tally(
        phrase,
        hearings.filter(({ file }) => !half.has(file)),
      ),
    }));
    const [first, ...rest] = tallies.filter(({ tuned }) => tuned.falseAlarms <= options.allowed);
    const best = rest.reduce((a, b) => (a && b.tuned.heard <= a.tuned.heard ? a : b), first ?? tallies[0]);
    if (!best) break;
    chosen.set(best.threshold, (chosen.get(best.threshold) ?? 0) + 1);
    recalls.push(best.tried.heard / best.tried.said);
    falseAlarms += best.tried.falseAlarms / options.rounds;
  }
  recalls.sort((a, b) => a - b);
  const mean = recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
  return { recall: [mean, quantile(recalls, 0.05), quantile(recalls, 0.95)], falseAlarms, chosen };
}
