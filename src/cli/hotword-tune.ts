import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tomlValue } from '../config/toml.js';
import { ClientError, messageOf, UsageError } from '../errors.js';
import type { HotwordEngine } from '../hotword/engine.js';
import {
  bestTrial,
  SCALES,
  type Scale,
  searchThreshold,
  type Trial,
  type TunableEngine,
  upperRate,
} from '../hotword/threshold-search.js';
import { breath, soundOf } from './hotword.js';
import { table } from './table.js';
import { countByRun, counterByScores } from './tune-trials.js';

/** What `tuneCommand` works with. */
export interface TuneOptions {
  /** Folders of recordings: of people saying the phrase, and of anything else. */
  positives: string;
  negatives: string;
  /** False alarms an hour that are wanted at most. */
  mostAnHour: number;
  /** The engine whose threshold is searched. */
  engine: TunableEngine;
  phrase: string;
  /** What the configuration says of phrases. */
  thresholds: Readonly<Record<string, number>>;
  /** Makes that engine with a threshold. */
  make: (threshold: number) => Promise<HotwordEngine>;
  /** True when one run with all scores tells what every threshold would hear; else there is one run for each. */
  hasScores: boolean;
  /** See `hotword.refractory_ms`, in milliseconds. */
  refractoryMs: number;
  out: { write(text: string): unknown };
  /** Where unreadable files are named, and on a terminal how far it is. */
  errors: { write(text: string): unknown; isTTY?: boolean };
  /** Ends it early. */
  signal: AbortSignal;
}

/** Recordings of one kind. */
interface Material {
  files: readonly string[];
  hours: number;
}

/**
 * The command `hotword --tune DIR DIR`: tries thresholds over recordings, and prints what each hears and what the
 * configuration should say. Resolves to the exit code: 1 when a file could not be read or no threshold is strict enough.
 * Throws UsageError for folders without recordings, HotwordError when the engine fails or the signal aborts.
 */
export async function tuneCommand(options: TuneOptions): Promise<number> {
  const { engine, phrase, out, errors, mostAnHour } = options;
  const scale: Scale = SCALES[engine];
  const unreadable: string[] = [];
  const positives = await materialIn(options.positives, unreadable, options.signal);
  const negatives = await materialIn(options.negatives, unreadable, options.signal);
  for (const text of unreadable) errors.write(`hotword: ${text}\n`);
  const mostFalseAlarms = mostAnHour * negatives.hours;
  const all = positives.files.length + negatives.files.length;
  let played = 0;
  const onFile = () => {
    played += 1;
    if (errors.isTTY) errors.write(`\r\x1b[2K${played} recordings played, of ${all} for each trial`);
  };
  const trialOptions = { ...options, positives: positives.files, negatives: negatives.files, onFile };
  const attempt = options.hasScores
    ? await counterByScores(trialOptions)
    : (threshold: number) => countByRun(threshold, trialOptions);
  const trials = await searchThreshold(scale, mostFalseAlarms, attempt);
  if (errors.isTTY) errors.write('\r\x1b[2K');
  const best = bestTrial(trials, mostFalseAlarms);
  const sizes = `${positives.files.length} recordings of it, ${negatives.files.length} others of ${duration(negatives.hours)}`;
  out.write(`${engine}, ${JSON.stringify(phrase)}: ${sizes}\n`);
  out.write(`${trialTable({ trials, best, scale, positives, negatives }).join('\n')}\n`);
  out.write(`${limits(negatives.hours, mostAnHour)}\n`);
  if (!best) {
    out.write(
      `No threshold has at most ${mostAnHour} an hour; look for what it hears there with: tars-client hotword\n`,
    );
    return 1;
  }
  out.write(`* hears most with at most ${mostAnHour} false alarms an hour. In the configuration:\n\n`);
  const thresholds = tomlValue({ ...options.thresholds, [phrase]: best.threshold });
  out.write(`[hotword.${engine}]\nthresholds = ${thresholds}\n`);
  return unreadable.length > 0 ? 1 : 0;
}

/** The readable WAV files below a folder, and how long they are; what is wrong with the others goes into `unreadable`. */
async function materialIn(folder: string, unreadable: string[], signal: AbortSignal): Promise<Material> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw new UsageError(`hotword --tune: the folder ${folder} cannot be read (${messageOf(error)})`, { cause: error });
  });
  const paths = entries
    .filter((entry) => !entry.isDirectory() && /\.wav$/i.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const rateHz = 16_000;
  const files: string[] = [];
  let samples = 0;
  for (const path of paths) {
    await breath(signal);
    try {
      samples += (await soundOf(path, rateHz)).length;
      files.push(path);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      unreadable.push(error.message);
    }
  }
  if (files.length === 0) {
    throw new UsageError(`hotword --tune: there is no WAV file in ${folder} that can be read; give a folder with some`);
  }
  return { files, hours: samples / rateHz / 3600 };
}

interface TableOptions {
  trials: readonly Trial[];
  best: Trial | undefined;
  scale: Scale;
  positives: Material;
  negatives: Material;
}

function trialTable({ trials, best, scale, positives, negatives }: TableOptions): string[] {
  const rows = trials.map((trial) => [
    trial === best ? '*' : '',
    scale.text(trial.threshold),
    `${trial.heard} of ${positives.files.length}`,
    String(trial.falseAlarms),
    (trial.falseAlarms / negatives.hours).toFixed(1),
  ]);
  return table([['', 'THRESHOLD', 'HEARD', 'FALSE ALARMS', 'AN HOUR'], ...rows]);
}

/** What so much sound cannot tell. */
function limits(hours: number, mostAnHour: number): string {
  const least = upperRate(hours);
  const text = `With no false alarm in ${duration(hours)} the true rate may still be up to ${least.toFixed(least < 10 ? 1 : 0)} an hour (rule of three, 95 %)`;
  if (mostAnHour <= 0 || least <= mostAnHour) return `${text}.`;
  return `${text}: to be sure of ${mostAnHour} an hour give at least ${duration(upperRate(mostAnHour))} of other sound.`;
}

function duration(hours: number): string {
  if (hours >= 1) return `${hours.toFixed(1)} h`;
  return hours * 60 >= 1 ? `${(hours * 60).toFixed(1)} min` : `${(hours * 3600).toFixed(1)} s`;
}
