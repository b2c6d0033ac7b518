import type { HotwordEngine } from '../hotword/engine.js';
import { breath, detectionsIn, hush, soundOf } from './hotword.js';

/** What a threshold does to recordings of a phrase and to others. */
export interface Counts {
  /** Recordings of the phrase in which it was heard. */
  heard: number;
  /** Detections in the others. */
  falseAlarms: number;
}

/** What trials work with. */
export interface TrialOptions {
  positives: readonly string[];
  negatives: readonly string[];
  /** See `hotword.refractory_ms`, in milliseconds. */
  refractoryMs: number;
  /** Makes the engine with a threshold. */
  make: (threshold: number) => Promise<HotwordEngine>;
  /** Called before each recording. */
  onFile: () => void;
  /** Ends it early. */
  signal: AbortSignal;
}

/** Plays everything to an engine with this threshold. */
export async function countByRun(threshold: number, options: TrialOptions): Promise<Counts> {
  const engine = await options.make(threshold);
  try {
    const hitsIn = async (file: string) => {
      options.onFile();
      const sound = await soundOf(file, engine.rateHz);
      return (await detectionsIn(sound, engine, options.refractoryMs, options.signal)).length;
    };
    return await count(options, hitsIn);
  } finally {
    engine.close();
  }
}

/** A score, and how many samples of its recording had come in. */
type Trace = readonly { at: number; score: number }[];

/** Chunks between two looks at whether to end: about ten seconds. */
const CHUNKS_A_BREATH = 500;

/**
 * Plays everything once to an engine that tells its scores and stays silent below 1, and returns who counts for a
 * threshold what it would have heard: a score at the threshold, and none until the engine could hear again.
 */
export async function counterByScores(options: TrialOptions): Promise<(threshold: number) => Promise<Counts>> {
  const engine = await options.make(1);
  const traces = new Map<string, Trace>();
  // After a hit an engine begins anew and must hear its whole window again.
  const blindSamples = engine.tuning?.windowSamples ?? 0;
  try {
    for (const file of [...options.positives, ...options.negatives]) {
      options.onFile();
      traces.set(file, await traceOf(await soundOf(file, engine.rateHz), engine, options.signal));
    }
  } finally {
    engine.close();
  }
  const quiet = Math.max(blindSamples, (options.refractoryMs * engine.rateHz) / 1000);
  const hitsIn = async (file: string, threshold: number) => {
    let hits = 0;
    let next = 0;
    for (const { at, score } of traces.get(file) ?? []) {
      if (score < threshold || at < next) continue;
      hits += 1;
      next = at + quiet;
    }
    return hits;
  };
  return (threshold) => count(options, (file) => hitsIn(file, threshold));
}

async function traceOf(sound: Int16Array, engine: HotwordEngine, signal: AbortSignal): Promise<Trace> {
  const trace: { at: number; score: number }[] = [];
  const { chunkSamples, tuning } = engine;
  let at = 0;
  hush(engine);
  tuning?.watchScores(({ score }) => trace.push({ at, score }));
  // A second of silence, for what the engine only tells some time after the phrase.
  const padded = new Int16Array(Math.ceil((sound.length + engine.rateHz) / chunkSamples) * chunkSamples);
  padded.set(sound);
  for (; at < padded.length; at += chunkSamples) {
    if (at % (CHUNKS_A_BREATH * chunkSamples) === 0) await breath(signal);
    engine.process(padded.subarray(at, at + chunkSamples));
  }
  tuning?.watchScores(undefined);
  return trace;
}

async function count({ positives, negatives }: TrialOptions, hitsIn: (file: string) => Promise<number>) {
  const counts: Counts = { heard: 0, falseAlarms: 0 };
  for (const file of positives) if ((await hitsIn(file)) > 0) counts.heard += 1;
  for (const file of negatives) counts.falseAlarms += await hitsIn(file);
  return counts;
}
