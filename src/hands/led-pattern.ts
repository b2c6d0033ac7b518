import type { Situation } from './situation.js';

/** Milliseconds lit and dark by turns, beginning lit, again and again. A single number above 0: lit for good. */
type Pattern = readonly number[];

/** No two look alike, also to somebody who sees one of them alone: dark is no pattern but a device that is off. */
const PATTERNS: Readonly<Record<Situation, Pattern>> = {
  starting: [1000, 1000],
  listening: [50, 2950],
  heard: [50, 50],
  'your turn': [1000],
  speaking: [800, 200],
  offline: [50, 200, 50, 2700],
  muted: [50, 200, 50, 200, 50, 2450],
  error: [250, 250],
};

/** Whether the LED is lit in a situation that has lasted for `forMs`. */
export function isLit(situation: Situation, forMs: number): boolean {
  const pattern = PATTERNS[situation];
  const periodMs = pattern.reduce((sum, ms) => sum + ms, 0);
  let leftMs = forMs % periodMs;
  for (const [index, ms] of pattern.entries()) {
    if (leftMs < ms) return index % 2 === 0;
    leftMs -= ms;
  }
  return false;
}
