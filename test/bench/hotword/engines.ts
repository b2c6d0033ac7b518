import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The folder of recordings and models that is no part of the project. */
export const SHARED = resolve('..', 'shared', 'hotword');
const MODELS = join(SHARED, 'models');

/** An engine and how it is set up for the bench. */
export interface EngineRow {
  name: string;
  /** The phrases it can listen for here. */
  phrases: readonly string[];
  /** What settings make it listen for one of them. */
  settings: Readonly<Record<string, string>>;
  /** The key of its threshold, and values from which it hears little to such from which it hears much. */
  thresholdKey: string;
  thresholds: readonly string[];
}

/** Why an engine is left out. */
export interface LeftOut {
  name: string;
  why: string;
}

/** The engines that can run here, and those that cannot. */
export function enginesHere(env: NodeJS.ProcessEnv): { rows: EngineRow[]; leftOut: LeftOut[] } {
  const rows: EngineRow[] = [
    {
      name: 'pocketsphinx',
      phrases: ['alexa', 'computer', 'jarvis', 'hey tars'],
      settings: { 'hotword.engine': 'pocketsphinx' },
      thresholdKey: 'hotword.pocketsphinx.threshold',
      thresholds: ['1e-15', '1e-20', '1e-25', '1e-30', '1e-40'],
    },
  ];
  const leftOut: LeftOut[] = [];
  const models = { alexa: join(MODELS, 'alexa_v0.1.onnx'), 'hey tars': join(MODELS, 'hey_tars.onnx') };
  if (existsSync(models.alexa)) {
    const table = Object.entries(models).map(([phrase, path]) => `${JSON.stringify(phrase)} = ${JSON.stringify(path)}`);
    rows.push({
      name: 'openwakeword',
      phrases: Object.keys(models),
      settings: {
        'hotword.engine': 'openwakeword',
        'hotword.openwakeword.front_end_dir': MODELS,
        'hotword.openwakeword.models': `{ ${table.join(', ')} }`,
      },
      thresholdKey: 'hotword.openwakeword.threshold',
      thresholds: ['0.95', '0.8', '0.5', '0.2', '0.05'],
    });
  } else leftOut.push({ name: 'openwakeword', why: `there are no models in ${MODELS}` });
  const key = env.TARS_HOTWORD_PORCUPINE_ACCESS_KEY_FILE;
  if (key) {
    rows.push({
      name: 'porcupine',
      phrases: ['alexa', 'computer', 'jarvis'],
      settings: {
        'hotword.engine': 'porcupine',
        'hotword.porcupine.access_key_file': key,
        'hotword.porcupine.keywords': '{ alexa = "alexa", computer = "computer", jarvis = "jarvis" }',
      },
      thresholdKey: 'hotword.sensitivity',
      thresholds: ['0.1', '0.3', '0.5', '0.7', '0.9'],
    });
  } else leftOut.push({ name: 'porcupine', why: 'TARS_HOTWORD_PORCUPINE_ACCESS_KEY_FILE names no key' });
  return { rows, leftOut };
}
