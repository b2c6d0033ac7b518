import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { JOINT_CHECKS } from './config/joint-checks.js';
import { KEYS } from './config/keys.js';
import { masked } from './config/mask.js';
import { absolutePath, credentialFor, homeFolder, type Places, withAbsolutePaths } from './config/paths.js';
import { type Config, schema } from './config/schema.js';
import {
  type Assignment,
  type Flags,
  type Reading,
  readDocument,
  readEnvironment,
  readFlags,
} from './config/sources.js';
import { tomlValue } from './config/toml.js';
import { forgetStrangers, tunedFile } from './config/tuned.js';
import { ConfigError, messageOf } from './errors.js';

export { maskUrl } from './config/mask.js';
export type { Config } from './config/schema.js';
export type { Flags } from './config/sources.js';

/** What `loadConfig` reads; everything but the flags and the environment has the running program's value. */
export interface ConfigSources {
  flags: Flags;
  env: NodeJS.ProcessEnv;
  /** The file of `--config`, relative to `cwd`. @default env.TARS_CONFIG, else `systemFile` if it exists */
  configFile?: string | undefined;
  /** @default "/etc/tars-client/config.toml" */
  systemFile?: string;
  /** The folder relative paths of flags and environment start from. @default process.cwd() */
  cwd?: string;
}

/** The effective configuration and how it came about. */
export interface LoadedConfig {
  config: Config;
  /** For each key path what set it: a file's path, `environment TARS_…`, `flag --…` or `credential …`. */
  origins: ReadonlyMap<string, string>;
  /** The files read, the base first. */
  files: readonly string[];
}

/**
 * Reads all sources, checks every value and joins them. Throws ConfigError that names every mistake of every source, one
 * line each: source, key, value and what is allowed. Reads files, changes nothing.
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const cwd = sources.cwd ?? process.cwd();
  const places: Places = {
    home: homeFolder(sources.env),
    credentials: sources.env.CREDENTIALS_DIRECTORY,
  };
  const files = [baseFile(), ...ownFile(sources, cwd), ...[tunedFile(sources.env)].filter(existsSync)];
  const readings = [...files.map(readFile), readEnvironment(sources.env, cwd), readFlags(sources.flags, cwd)];
  const joined = join(readings, places);
  forgetStrangers(joined.values, joined.origins, tunedFile(sources.env));
  const problems = [...readings.flatMap((reading) => reading.problems), ...joined.problems];
  const config = assemble(joined.values);
  if (config !== undefined) problems.push(...jointProblems(config, joined));
  if (config === undefined || problems.length > 0) throw new ConfigError(problems.join('\n'));
  return { config, origins: joined.origins, files };
}

interface Joined {
  values: Map<string, unknown>;
  origins: Map<string, string>;
  problems: string[];
  /** The keys that some source sets to something wrong. */
  faulty: Set<string>;
}

function join(readings: readonly Reading[], places: Places): Joined {
  const joined: Joined = { values: new Map(), origins: new Map(), problems: [], faulty: new Set() };
  const winners = new Map<string, Assignment>();
  for (const assignment of readings.flatMap((reading) => reading.assignments)) {
    const { key, source, folder } = assignment;
    try {
      joined.values.set(key.path, withAbsolutePaths(key.path, checked(assignment), folder, places));
      joined.origins.set(key.path, source);
      winners.set(key.path, assignment);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      joined.problems.push(`${source}: ${shown(key.path, assignment.value)}: ${error.message}`);
      joined.faulty.add(key.path);
    }
  }
  for (const path of KEYS.keys()) {
    const credential = joined.values.get(path) === '' ? credentialFor(path, places) : undefined;
    if (credential === undefined) continue;
    joined.values.set(path, credential.file);
    joined.origins.set(path, credential.source);
  }
  for (const section of ['mic', 'speaker']) {
    // Only with this backend a device is a file, and that is known only when all sources are joined.
    const device = winners.get(`${section}.device`);
    if (joined.values.get(`${section}.backend`) !== 'file' || device === undefined) continue;
    joined.values.set(device.key.path, absolutePath(String(device.value), device.folder, places));
  }
  return joined;
}

function checked({ key, value }: Assignment): unknown {
  const result = key.schema.safeParse(value);
  if (result.success) return result.data;
  const own = result.error.issues.find((issue) => issue.code === 'custom');
  throw new ConfigError(`allowed: ${own?.message ?? key.allowed}`);
}

/** The values as the nested object of the schema; undefined when keys are missing because their values were wrong. */
function assemble(values: ReadonlyMap<string, unknown>): Config | undefined {
  const nested: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const names = path.split('.');
    const leaf = names.pop() ?? path;
    let table = nested;
    for (const name of names) {
      table[name] ??= {};
      table = table[name] as Record<string, unknown>;
    }
    table[leaf] = value;
  }
  const result = schema.safeParse(nested);
  return result.success ? result.data : undefined;
}

function jointProblems(config: Config, { values, origins, faulty }: Joined): string[] {
  const broken = JOINT_CHECKS.filter(({ keys, isBroken }) => !keys.some((key) => faulty.has(key)) && isBroken(config));
  return broken.map(({ keys, remedy }) => {
    const facts = keys.map((key) => `${shown(key, values.get(key))} (${origins.get(key)})`);
    return `${facts.join(', ')}: ${remedy}`;
  });
}

function shown(path: string, value: unknown): string {
  const text = tomlValue(masked(path, value));
  return `${path} = ${text.length > 120 ? `${text.slice(0, 119)}…` : text}`;
}

function readFile(file: string): Reading {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${file}: the configuration cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return readDocument(text, file, dirname(file));
}

function ownFile(
  { configFile, env, systemFile = '/etc/tars-client/config.toml' }: ConfigSources,
  cwd: string,
): string[] {
  const named = configFile ?? (env.TARS_CONFIG || undefined);
  if (named !== undefined) return [resolve(cwd, named)];
  return existsSync(systemFile) ? [systemFile] : [];
}

/** config/default.toml of the package this module is in, wherever it is installed and compiled to. */
function baseFile(): string {
  const candidates = ['..', '../..', '../../..'].map((up) => resolve(import.meta.dirname, up, 'config/default.toml'));
  const found = candidates.find(existsSync);
  if (found !== undefined) return found;
  throw new ConfigError('config/default.toml is missing from the program: install tars-client again');
}
