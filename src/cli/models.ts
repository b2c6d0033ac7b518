import { basename, join } from 'node:path';
import { hint } from '../config/nearest.js';
import type { Flags } from '../config/sources.js';
import type { Config } from '../config.js';
import { UsageError } from '../errors.js';
import { ModelChecker } from '../hotword/models-check.js';
import { modelFilesIn, phraseOf } from '../hotword/models-folder.js';
import { removeModel } from '../hotword/models-store.js';
import { fetchModels } from './models-download.js';
import { listModels } from './models-list.js';
import type { ProgressOutput } from './progress-bar.js';
import { table } from './table.js';

/** What the command `models` works with. */
export interface ModelsCommandOptions {
  hotword: Config['hotword'];
  /** The folder of the models. */
  folder: string;
  /** What follows the command's name. */
  positionals: readonly string[];
  /** The command's own options: `from`, `source`, `yes`. */
  options: Flags;
  out: ProgressOutput;
  /** Asks a person; none where nobody can answer. */
  ask?: ((question: string) => Promise<boolean>) | undefined;
  /** Ends a download. */
  signal: AbortSignal;
}

type Action = (command: ModelsCommandOptions, names: readonly string[]) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = {
  list: async (command, names) => {
    if (names.length > 0) throw new UsageError('models list takes no names');
    command.out.write(listModels(command.hotword, command.folder));
    return 0;
  },
  download: fetchModels,
  check,
  remove,
};

/**
 * The command `models`; resolves with the exit code. Throws UsageError for wrong words, and HotwordError for what goes
 * wrong with a model, both with the remedy.
 */
export async function modelsCommand(command: ModelsCommandOptions): Promise<number> {
  const [name = 'list', ...names] = command.positionals;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!action) {
    const known = Object.keys(ACTIONS);
    throw new UsageError(`models: no "${name}"${hint(name, known)} (there are ${known.join(', ')})`);
  }
  if (name !== 'download' && command.options.size > 0) {
    throw new UsageError(`models ${name} takes no --${[...command.options.keys()].join(' and no --')}`);
  }
  return action(command, names);
}

/** Hash, shapes and a trial run of what is in the folder and of what the configuration names; 1 when one of them cannot be used. */
async function check({ hotword, folder, out }: ModelsCommandOptions, names: readonly string[]): Promise<number> {
  const own = Object.values(hotword.openwakeword.models);
  const inFolder = modelFilesIn(folder).map((file) => join(folder, file));
  const all = [...inFolder, ...own.filter((path) => !inFolder.includes(path))];
  const paths = names.length === 0 ? all : names.map((name) => pathNamed(name, all, folder));
  if (paths.length === 0) {
    out.write(`There is no model in ${folder}; tars-client models download gets some.\n`);
    return 0;
  }
  const checker = new ModelChecker();
  const lines = [['FILE', 'SHA-256', 'USABLE']];
  const faults: string[] = [];
  for (const path of paths) {
    const { hash, fault } = await checker.check(path);
    lines.push([path, hash, fault === undefined ? 'yes' : 'no']);
    if (fault !== undefined) faults.push(fault);
  }
  out.write(`${[...table(lines), ...faults].join('\n')}\n`);
  return faults.length > 0 ? 1 : 0;
}

async function remove({ folder, out }: ModelsCommandOptions, names: readonly string[]): Promise<number> {
  if (names.length === 0) throw new UsageError('models remove needs the names of models, as models list has them');
  const all = modelFilesIn(folder).map((file) => join(folder, file));
  const paths = names.map((name) => pathNamed(name, all, folder));
  for (const path of new Set(paths)) {
    await removeModel(folder, basename(path));
    out.write(`${path} is removed.\n`);
  }
  return 0;
}

/** The model among these that a person means: by its file's name or by its phrase. */
function pathNamed(name: string, paths: readonly string[], folder: string): string {
  const path =
    paths.find((each) => basename(each) === name) ?? paths.find((each) => phraseOf(basename(each)) === phraseOf(name));
  if (path !== undefined) return path;
  const known = paths.map((each) => basename(each)).join(', ');
  throw new UsageError(`models: there is no ${JSON.stringify(name)} in ${folder}${known && ` (there are ${known})`}`);
}
