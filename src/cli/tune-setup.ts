import type { Flags } from '../config/sources.js';
import type { Config } from '../config.js';
import { UsageError } from '../errors.js';
import { isTunable, SCALES, type TunableEngine } from '../hotword/threshold-search.js';
import type { Log } from '../log.js';
import { engineSource } from '../parts.js';
import { type TuneOptions, tuneCommand } from './hotword-tune.js';

const MOST_AN_HOUR = 0.5;

/** What `hotword --tune` works with. */
export interface TuneSetup extends Pick<TuneOptions, 'out' | 'errors' | 'signal'> {
  config: Config;
  /** The two folders. */
  positionals: readonly string[];
  /** The command's own options. */
  options: Flags;
  log: Log;
}

/** Reads the command line of `hotword --tune` and runs it; resolves with the exit code. Throws UsageError for a wrong one. */
export async function tuneHotword(setup: TuneSetup): Promise<number> {
  const { config, positionals, options, log, out, errors, signal } = setup;
  const [positives, negatives, ...rest] = positionals;
  if (positives === undefined || negatives === undefined || rest.length > 0) {
    throw new UsageError('hotword --tune needs two folders of WAV files: of the phrase, and of anything else');
  }
  const [phrase, ...others] = config.hotword.phrases;
  if (phrase === undefined || others.length > 0) {
    throw new UsageError('hotword --tune tunes one phrase; name it, as in --hotword.phrases "hey tars"');
  }
  const mostAnHour = rateOf(options.get('false-alarms-per-hour'));
  const engine = await engineOf(config, log);
  const { refractory_ms: refractoryMs } = config.hotword;
  const { thresholds } = config.hotword[engine];
  const make = (threshold: number) => engineSource(withThreshold(config, engine, threshold), log).make();
  return tuneCommand({
    ...{ positives, negatives, mostAnHour, engine, phrase, thresholds, make },
    // PocketSphinx's scores are those of one threshold: where it hears something depends on it.
    ...{ hasScores: engine === 'openwakeword', refractoryMs, out, errors, signal },
  });
}

/** Which engine the configuration means. Porcupine is never started for this: that may cost an activation. */
async function engineOf(config: Config, log: Log): Promise<TunableEngine> {
  const { hotword } = config;
  if (hotword.engine !== 'auto') return tunable(hotword.engine);
  const porcupine = { ...hotword.porcupine, access_key_file: '' };
  const engine = await engineSource({ ...config, hotword: { ...hotword, porcupine } }, log).make();
  engine.close();
  return tunable(engine.name);
}

function tunable(name: string): TunableEngine {
  if (isTunable(name)) return name;
  const known = Object.keys(SCALES).join(' or ');
  throw new UsageError(`hotword --tune: ${name} has no threshold to be searched; choose --hotword.engine ${known}`);
}

function withThreshold(config: Config, engine: TunableEngine, threshold: number): Config {
  const { hotword } = config;
  const set = { threshold, thresholds: {} };
  return { ...config, hotword: { ...hotword, engine, [engine]: { ...hotword[engine], ...set } } };
}

function rateOf(text: string | true | undefined): number {
  if (text === undefined) return MOST_AN_HOUR;
  const rate = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
  if (rate >= 0 && Number.isFinite(rate)) return rate;
  throw new UsageError(`--false-alarms-per-hour ${text} is no rate; give a number from 0, such as 0.5`);
}
