import { copyFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tomlValue } from '../config/toml.js';
import { HotwordError, messageOf, UsageError } from '../errors.js';
import { ModelChecker } from '../hotword/models-check.js';
import { download } from '../hotword/models-download.js';
import { FRONT_END_FILES, modelFilesIn, phraseOf } from '../hotword/models-folder.js';
import { folderError, makeFolder, settle, sha256Of } from '../hotword/models-store.js';
import {
  KNOWN_MODELS,
  type KnownModel,
  knownModel,
  RELEASE_LICENCE,
  RELEASE_LICENCE_TERMS,
  RELEASE_URL,
} from '../hotword/models-table.js';
import type { ModelsCommandOptions } from './models.js';
import { megabytes, ProgressBar } from './progress-bar.js';
import { table } from './table.js';

/**
 * `models download [NAME…]`: the models of these phrases (of the configured ones when none is named) and the two that
 * all phrases share, as far as they are not there; from the release, or with `--from` from a folder.
 */
export async function fetchModels(command: ModelsCommandOptions, names: readonly string[]): Promise<number> {
  const from = command.options.get('from');
  if (typeof from === 'string') return copyModels(command, names, from);
  const wanted = [...FRONT_END_FILES.flatMap((file) => knownModel(file) ?? []), ...wordModels(command, names)];
  const inFolder = modelFilesIn(command.folder);
  const missing = [...new Set(wanted)].filter(({ file }) => !inFolder.includes(file));
  if (missing.length === 0) {
    command.out.write(`Everything is there, in ${command.folder}; tars-client models check looks at it.\n`);
    return 0;
  }
  if (!(await mayDownload(command, missing))) return 1;
  const source = command.options.get('source');
  for (const model of missing) await fetchOne(command, model, typeof source === 'string' ? source : RELEASE_URL);
  command.out.write(
    howToUse(
      missing.flatMap(({ phrase }) => phrase ?? []),
      command,
    ),
  );
  return 0;
}

/** The models of the release that these names, or the configured phrases, mean. */
function wordModels({ hotword, folder }: ModelsCommandOptions, names: readonly string[]): KnownModel[] {
  const own = Object.keys(hotword.openwakeword.models);
  const inFolder = modelFilesIn(folder).map(phraseOf);
  const asked = names.length > 0 ? names : hotword.phrases.filter((phrase) => !own.includes(phrase));
  const known = asked.flatMap((name) => {
    const model = KNOWN_MODELS.find(({ file, phrase }) => file === name || phrase === phraseOf(name));
    if (model) return [model];
    if (FRONT_END_FILES.some((file) => phraseOf(file) === phraseOf(name))) return [];
    if (names.length === 0 && inFolder.includes(phraseOf(name))) return [];
    const phrases = KNOWN_MODELS.flatMap(({ phrase }) => (phrase === undefined ? [] : [JSON.stringify(phrase)]));
    throw new UsageError(
      `no release has a model for ${JSON.stringify(name)}, only for ${phrases.join(', ')}; name one of these, or put ` +
        'one of your own there with: tars-client models download --from DIR NAME',
    );
  });
  return known;
}

/** How the device is made to listen for these phrases, where it does not yet. */
function howToUse(phrases: readonly string[], { hotword }: ModelsCommandOptions): string {
  const others = phrases.filter((phrase) => !hotword.phrases.includes(phrase));
  return others.length > 0 ? `To listen for it: [hotword] phrases = ${tomlValue(others)}\n` : '';
}

/** Shows what would come and under which licence, and asks. */
async function mayDownload({ out, ask, options, folder }: ModelsCommandOptions, models: readonly KnownModel[]) {
  const total = megabytes(models.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const source = options.get('source') ?? RELEASE_URL;
  const lines = models.map(({ file, sizeBytes, purpose }) => [file, megabytes(sizeBytes), RELEASE_LICENCE, purpose]);
  out.write(`${[`From ${source} to ${folder}:`, ...table(lines)].join('\n')}\n`);
  out.write(`${RELEASE_LICENCE} is ${RELEASE_LICENCE_TERMS}\n`);
  if (options.has('yes')) return true;
  if (!ask) throw new UsageError('nobody can be asked here whether to download this; --yes says so');
  if (await ask(`Download ${total}? [y/N] `)) return true;
  out.write('Nothing was downloaded.\n');
  return false;
}

async function fetchOne({ out, folder, signal }: ModelsCommandOptions, model: KnownModel, source: string) {
  const { file, sizeBytes, sha256 } = model;
  const bar = new ProgressBar(out, file, sizeBytes);
  const url = `${source.replace(/\/+$/, '')}/${file}`;
  try {
    await download({ url, folder, file, sizeBytes, sha256, signal, onProgress: (bytes) => bar.update(bytes) });
  } finally {
    bar.clear();
  }
  out.write(`${join(folder, file)}: ${megabytes(sizeBytes)}, SHA-256 as the release has it\n`);
}

/** From a folder. A file that is not the release's is taken when it is a model of the right shapes, and that is said. */
async function copyModels(command: ModelsCommandOptions, names: readonly string[], from: string): Promise<number> {
  const { out, folder, hotword } = command;
  const offered = modelFilesIn(from);
  const asked = names.length > 0 ? names : hotword.phrases;
  const files = asked.map((name) => {
    const file = offered.find((each) => each === name) ?? offered.find((each) => phraseOf(each) === phraseOf(name));
    if (file !== undefined) return file;
    const there = offered.length > 0 ? `there are ${offered.join(', ')}` : 'it has no .onnx file that can be seen';
    throw new HotwordError(`${from} has no model for ${JSON.stringify(name)} (${there}); name the ones to take`);
  });
  const inFolder = modelFilesIn(folder);
  const shared = FRONT_END_FILES.filter((file) => offered.includes(file) && !inFolder.includes(file));
  const checker = new ModelChecker();
  await makeFolder(folder);
  for (const file of new Set([...shared, ...files])) {
    const sha256 = await copyOne(join(from, file), folder, file, checker);
    const known = knownModel(file);
    const remark =
      sha256 === known?.sha256
        ? `SHA-256 as the release has it; ${RELEASE_LICENCE}`
        : `no file of a known release; it loads, and its SHA-256 is noted`;
    const { size } = await stat(join(folder, file));
    out.write(`${join(folder, file)}: ${megabytes(size)}, ${remark}\n`);
  }
  const missing = FRONT_END_FILES.filter((file) => !modelFilesIn(folder).includes(file));
  out.write(howToUse(files.filter((file) => !FRONT_END_FILES.includes(file)).map(phraseOf), command));
  if (missing.length > 0) out.write(`Every phrase also needs ${missing.join(' and ')}, which ${from} has not.\n`);
  return 0;
}

async function copyOne(path: string, folder: string, file: string, checker: ModelChecker): Promise<string> {
  const part = join(folder, `${file}.part`);
  const sha256 = await sha256Of(path).catch((error: unknown) => {
    throw new HotwordError(`${path} cannot be read (${messageOf(error)})`, { cause: error });
  });
  if (sha256 !== knownModel(file)?.sha256) {
    const { fault } = await checker.check(path);
    if (fault !== undefined) throw new HotwordError(fault);
  }
  await copyFile(path, part).catch(async (error: unknown) => {
    await rm(part, { force: true });
    throw folderError(folder, error);
  });
  await settle(part, folder, file, sha256);
  return sha256;
}
