/** What one threshold does to the recordings. */
export interface Trial {
  threshold: number;
  /** Recordings of the phrase in which it was heard. */
  heard: number;
  /** Detections in the other recordings. */
  falseAlarms: number;
}

/** The thresholds of an engine that are worth a trial. */
export interface Scale {
  /** The first trials, coarse, from strict to loose. */
  readonly coarse: readonly number[];
  /** What lies between two of them, from strict to loose. */
  between(strict: number, loose: number): number[];
  /** A threshold as it is written in the configuration. */
  text(threshold: number): string;
}

/** PocketSphinx's likelihood ratios: powers of ten, the smaller the looser. */
const POWERS: Scale = {
  coarse: [-5, -10, -15, -20, -25, -30, -35, -40, -45].map(powerOfTen),
  between: (strict, loose) => range(exponentOf(strict) - 1, exponentOf(loose), -1).map(powerOfTen),
  text: (threshold) => `1e${exponentOf(threshold)}`,
};

/** openWakeWord's scores, in steps of 0.02. */
const SCORES: Scale = {
  coarse: range(9, 0, -1).map((tenths) => tenths / 10),
  between: (strict, loose) =>
    range(Math.round(strict * 100) - 2, Math.round(loose * 100), -2).map((hundredths) => hundredths / 100),
  text: (threshold) => String(threshold),
};

/** The engines whose threshold can be searched. */
export const SCALES = { pocketsphinx: POWERS, openwakeword: SCORES } as const satisfies Record<string, Scale>;

/** The name of such an engine. */
export type TunableEngine = keyof typeof SCALES;

/** True for the name of an engine whose threshold can be searched. */
export function isTunable(name: string): name is TunableEngine {
  return Object.hasOwn(SCALES, name);
}

/**
 * The trial that hears most with no more than so many false alarms: the middle one where several are equally good, as
 * far from hearing less as from more false alarms. Undefined where all have more.
 *
 * @param trials from strict to loose.
 */
export function bestTrial(trials: readonly Trial[], mostFalseAlarms: number): Trial | undefined {
  const allowed = trials.filter(({ falseAlarms }) => falseAlarms <= mostFalseAlarms);
  const heard = Math.max(...allowed.map((trial) => trial.heard));
  const hearing = allowed.filter((trial) => trial.heard === heard);
  const falseAlarms = Math.min(...hearing.map((trial) => trial.falseAlarms));
  const equal = hearing.filter((trial) => trial.falseAlarms === falseAlarms);
  return equal[Math.floor((equal.length - 1) / 2)];
}

/**
 * Tries the coarse thresholds, and where the first that is too loose hears more than all before, those in front of it.
 * Resolves with all trials from strict to loose.
 */
export async function searchThreshold(
  scale: Scale,
  mostFalseAlarms: number,
  attempt: (threshold: number) => Promise<Omit<Trial, 'threshold'>>,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  const tryAll = async (thresholds: readonly number[]) => {
    for (const threshold of thresholds) trials.push({ threshold, ...(await attempt(threshold)) });
    trials.sort((one, other) => other.threshold - one.threshold);
  };
  await tryAll(scale.coarse);
  const tooLoose = trials.findIndex(({ falseAlarms }) => falseAlarms > mostFalseAlarms);
  const [edge, beyond] = [trials[tooLoose - 1], trials[tooLoose]];
  const best = bestTrial(trials, mostFalseAlarms);
  if (edge && beyond && best && beyond.heard > best.heard) {
    await tryAll(scale.between(edge.threshold, beyond.threshold));
  }
  return trials;
}

/**
 * The rate that cannot be excluded after so much sound without an event, with 95 % confidence: the rule of three (Hanley
 * and Lippman-Hand, JAMA 1983), from a Poisson process whose chance of no event is 5 %.
 */
export function upperRate(hours: number): number {
  return 3 / hours;
}

/** Not by a power, whose last bit may be off: this is what 1e-25 in a configuration means. */
function powerOfTen(exponent: number): number {
  return Number(`1e${exponent}`);
}

function exponentOf(threshold: number): number {
  return Math.round(Math.log10(threshold));
}

function range(first: number, end: number, step: number): number[] {
  const numbers: number[] = [];
  for (let number = first; step > 0 ? number < end : number > end; number += step) numbers.push(number);
  return numbers;
}
