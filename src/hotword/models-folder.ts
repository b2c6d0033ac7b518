import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../config/paths.js';
import { dataFolder } from '../service/state-folder.js';
import { KNOWN_MODELS, knownModel } from './models-table.js';
import type { ModelKind } from './openwakeword-shapes.js';

/**
 * The folder of openWakeWord's models: `hotword.openwakeword.front_end_dir` where that is not empty, else a service's own
 * state (systemd's `StateDirectory=`), else the user's data as the XDG base directory specification has it.
 */
export function modelsFolder(
  configured: string,
  env: NodeJS.ProcessEnv = process.env,
  home: string = homeFolder(env),
): string {
  return configured === '' ? join(dataFolder(env, home), 'models') : configured;
}

/** The files of the two models that all phrases share. */
export const FRONT_END_FILES: readonly string[] = KNOWN_MODELS.filter(({ phrase }) => phrase === undefined).map(
  ({ file }) => file,
);

/** What a model of this file name is. */
export function kindOf(file: string): ModelKind {
  if (file === 'melspectrogram.onnx') return 'melspectrogram';
  return file === 'embedding_model.onnx' ? 'embedding' : 'classifier';
}

/** The phrase that a word's model hears, by its file name: `Hey_Tars_v0.1.onnx` hears "hey tars". */
export function phraseOf(file: string): string {
  const stem = file
    .replace(/\.onnx$/, '')
    .replace(/[_-]v\d+(\.\d+)*$/i, '')
    .replace(/[_-]+/g, ' ');
  return knownModel(file)?.phrase ?? stem.trim().toLowerCase();
}

/** A service is locked out of people's homes. */
const CLOSED = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/** The names of the models in a folder, in order of the alphabet; none where this user can see no such folder. */
export function modelFilesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.onnx'))
      .sort();
  } catch (error) {
    if (CLOSED.has(Object(error).code)) return [];
    throw error;
  }
}

/** The models of these phrases that are in a folder: phrase → path. */
export function modelsFor(phrases: readonly string[], folder: string): Record<string, string> {
  const files = modelFilesIn(folder).filter((file) => kindOf(file) === 'classifier');
  const found: [string, string][] = [];
  for (const phrase of phrases) {
    const file = files.find((name) => phraseOf(name) === phrase.trim().toLowerCase());
    if (file !== undefined) found.push([phrase, join(folder, file)]);
  }
  return Object.fromEntries(found);
}
