import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HotwordEngine } from '../../src/hotword/engine.js';
import { readWav } from '../../src/pcm/wav.js';
import { speechIn } from '../bench/hotword/acoustics.js';
import { heardIn } from './engine-contract.js';

/** What an engine heard of recordings of people. */
export interface PeopleHeard {
  /** Recordings of the word in which it was heard. */
  heard: number;
  /** Detections in the recordings of other words. */
  falseAlarms: number;
  /** From the end of the speech in a recording of the word to the sample at which it was told, in milliseconds. */
  medianDelayMs: number;
}

/** Lets an engine that knows one word hear each recording of a folder (`word_NN.wav`) for itself. */
export async function hearPeople(engine: HotwordEngine, folder: string, word: string): Promise<PeopleHeard> {
  const delaysMs: number[] = [];
  let falseAlarms = 0;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.wav'))) {
    engine.reset();
    const { samples } = await readWav(join(folder, name));
    const [first, ...others] = heardIn(engine, samples, new Int16Array(engine.rateHz));
    if (!name.startsWith(`${word}_`)) falseAlarms += others.length + (first ? 1 : 0);
    else if (first) delaysMs.push(((first.toldAt - speechIn(samples).endsAt) * 1000) / engine.rateHz);
  }
  delaysMs.sort((a, b) => a - b);
  const medianDelayMs = delaysMs[Math.floor(delaysMs.length / 2)] ?? Number.NaN;
  return { heard: delaysMs.length, falseAlarms, medianDelayMs };
}
