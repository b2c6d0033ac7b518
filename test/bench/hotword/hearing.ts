import { pino } from 'pino';
import { HotwordListener } from '../../../src/hotword/listener.js';
import { engineSource } from '../../../src/parts.js';
import { configOf } from '../../helpers/config.js';
import { answerOnce } from './children.js';
import { cook, type Recipe } from './recipes.js';

/** What one engine is to hear. */
export interface Job {
  /** What it is set to: key paths of the configuration and their values as flags have them; the rest are defaults. */
  settings: Readonly<Record<string, string>>;
  sounds: readonly Recipe[];
}

/** What was heard in one sound. */
export interface Hearing {
  file: string;
  /** In seconds. */
  durationS: number;
  hits: readonly {
    phrase: string /** From the end of the speech to the chunk in which it was told. */;
    delayMs: number;
  }[];
}

/** As long as a microphone's chunks. */
const BLOCK_MS = 20;

/** Runs a job through the engine and the listener of the product, each sound for itself as the command `hotword` does. */
async function hear({ settings, sounds }: Job): Promise<Hearing[]> {
  const config = configOf(settings);
  const engine = await engineSource(config, pino({ level: 'silent' })).make();
  const msOf = (samples: number) => (samples * 1000) / engine.rateHz;
  const blockSamples = (engine.rateHz * BLOCK_MS) / 1000;
  let hits: Hearing['hits'][number][] = [];
  let [startedAt, endsAt] = [0, 0];
  const listener: HotwordListener = new HotwordListener({
    engine,
    refractoryMs: config.hotword.refractory_ms,
    onDetection: ({ phrase }) => hits.push({ phrase, delayMs: msOf(listener.position - startedAt - endsAt) }),
    onFailure: (error) => {
      throw error;
    },
  });
  const hearings: Hearing[] = [];
  for (const recipe of sounds) {
    const cooked = await cook(recipe);
    hits = [];
    // The refractory time of the sound before must not reach into this one.
    listener.reset(listener.position + engine.rateHz * 60);
    [startedAt, endsAt] = [listener.position, cooked.endsAt];
    for (let at = 0; at < cooked.samples.length; at += blockSamples) {
      listener.feed(cooked.samples.subarray(at, at + blockSamples));
    }
    hearings.push({ file: recipe.file, durationS: msOf(cooked.samples.length) / 1000, hits });
  }
  engine.close();
  return hearings;
}

answerOnce(hear);
