import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Config } from '../config.js';
import { FRONT_END_FILES, kindOf, modelFilesIn, modelsFor, phraseOf } from '../hotword/models-folder.js';
import { KNOWN_MODELS, knownModel, RELEASE_LICENCE, RELEASE_LICENCE_TERMS } from '../hotword/models-table.js';
import { megabytes } from './progress-bar.js';
import { table } from './table.js';

const HEADER = ['', 'FILE', 'SIZE', 'STATE', 'LICENCE', 'WHAT IT DOES'];

/** What there is and what there could be; `*` marks what the configured phrases need with openWakeWord. */
export function listModels(hotword: Config['hotword'], folder: string): string {
  const { phrases } = hotword;
  const own = hotword.openwakeword.models;
  const used = { ...modelsFor(phrases, folder), ...pick(own, phrases) };
  const usedFiles = new Set(Object.values(used));
  const inFolder = modelFilesIn(folder);
  const mark = (path: string, file: string) => {
    const isFrontEnd = FRONT_END_FILES.includes(file) && usedFiles.size > 0;
    return usedFiles.has(path) || isFrontEnd ? '*' : '';
  };
  const lines = [HEADER];
  for (const { file, sizeBytes, purpose } of KNOWN_MODELS) {
    const state = inFolder.includes(file) ? 'present' : 'missing';
    lines.push([mark(join(folder, file), file), file, megabytes(sizeBytes), state, RELEASE_LICENCE, purpose]);
  }
  for (const file of inFolder.filter((name) => !knownModel(name))) {
    const path = join(folder, file);
    lines.push([mark(path, file), file, megabytes(statSync(path).size), 'present', 'your own', purposeOf(file)]);
  }
  for (const [phrase, path] of Object.entries(own)) {
    const isThere = existsSync(path);
    const size = isThere ? megabytes(statSync(path).size) : '';
    const what = `hears ${JSON.stringify(phrase)}`;
    lines.push([mark(path, path), path, size, isThere ? 'present' : 'missing', 'your own', `${what}, as configured`]);
  }
  const text = [
    `The models of openWakeWord in ${folder}`,
    ...table(lines),
    '',
    `* is what the phrases of this configuration use: ${phrases.map((each) => JSON.stringify(each)).join(', ')}.`,
    ...remarks(phrases, used, inFolder),
    `${RELEASE_LICENCE} is ${RELEASE_LICENCE_TERMS}`,
  ];
  return `${text.join('\n')}\n`;
}

function purposeOf(file: string): string {
  return kindOf(file) === 'classifier' ? `hears ${JSON.stringify(phraseOf(file))}` : 'every phrase needs it';
}

/** What is missing for which phrase, and how to get it. */
function remarks(
  phrases: readonly string[],
  used: Readonly<Record<string, string>>,
  inFolder: readonly string[],
): string[] {
  const lines: string[] = [];
  for (const phrase of phrases.filter((each) => used[each] === undefined)) {
    const known = KNOWN_MODELS.find((model) => model.phrase === phrase.trim().toLowerCase());
    const remedy = known
      ? `get it with: tars-client models download ${JSON.stringify(known.phrase)}`
      : 'no release has one; put one of your own there with --from DIR, or let PocketSphinx listen, which needs none';
    lines.push(`${JSON.stringify(phrase)} has no model: ${remedy}.`);
  }
  const missing = FRONT_END_FILES.filter((file) => !inFolder.includes(file));
  if (missing.length > 0 && Object.keys(used).length > 0) {
    lines.push(`${missing.map((file) => basename(file)).join(' and ')} missing: tars-client models download`);
  }
  return lines;
}

function pick(models: Readonly<Record<string, string>>, phrases: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(models).filter(([phrase]) => phrases.includes(phrase)));
}
