import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, messageOf } from '../errors.js';
import { dataFolder } from '../service/state-folder.js';
import { readDocument } from './sources.js';
import { isTable, tomlValue } from './toml.js';

const HEAD = `# Written by the status page when somebody pressed Save. It goes over the configuration file, under environment
# and flags; remove a line to have the configuration file's value again.
`;

/** The file of what was tuned while the program ran, in the folder of what it keeps. It need not exist. */
export function tunedFile(env: NodeJS.ProcessEnv): string {
  return join(dataFolder(env), 'tuned.toml');
}

/**
 * Writes keys of the configuration into such a file, beside what is in it already; tables are joined. It is replaced as a whole,
 * so that a loss of power leaves the old one or the new one. Throws ConfigError naming the file.
 */
export function writeTuned(file: string, values: ReadonlyMap<string, unknown>): void {
  try {
    const merged = new Map(existsSync(file) ? oldValues(file) : []);
    for (const [path, value] of values) {
      const old = merged.get(path);
      merged.set(path, isTable(old) && isTable(value) ? { ...old, ...value } : value);
    }
    mkdirSync(dirname(file), { recursive: true });
    const lines = [...merged].map(([path, value]) => `${path} = ${tomlValue(value)}\n`);
    writeFileSync(`${file}.new`, HEAD + lines.join(''), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Leaves out the thresholds of that file whose phrases are no longer listened for: nobody wrote them by hand, and a phrase
 * that is taken out of the configuration must not keep the program from starting.
 */
export function forgetStrangers(
  values: Map<string, unknown>,
  origins: ReadonlyMap<string, string>,
  file: string,
): void {
  const phrases = values.get('hotword.phrases');
  for (const engine of ['openwakeword', 'pocketsphinx']) {
    const path = `hotword.${engine}.thresholds`;
    const table = values.get(path);
    if (origins.get(path) !== file || !isTable(table) || !Array.isArray(phrases)) continue;
    values.set(path, Object.fromEntries(Object.entries(table).filter(([phrase]) => phrases.includes(phrase))));
  }
}

function oldValues(file: string): [string, unknown][] {
  const { assignments, problems } = readDocument(readFileSync(file, 'utf8'), file, dirname(file));
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return assignments.map(({ key, value }) => [key.path, value]);
}
