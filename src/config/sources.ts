import { KEYS, type Key, type KeyKind, SECTIONS } from './keys.js';
import { hint } from './nearest.js';
import { isTable, parseToml } from './toml.js';

/** One key set by one source, not checked yet. */
export interface Assignment {
  key: Key;
  value: unknown;
  /** What set it, for a person: a file's path, `environment TARS_…` or `flag --…`. */
  source: string;
  /** The folder that relative paths in the value start from. */
  folder: string;
}

/** What a source says, and one line for everything in it that nobody knows. */
export interface Reading {
  assignments: Assignment[];
  problems: string[];
}

/** Flags of the command line by key path; true for one without a value. */
export type Flags = ReadonlyMap<string, string | true>;

/** The keys a TOML document sets. Throws ConfigError when it is no TOML. */
export function readDocument(text: string, source: string, folder: string): Reading {
  const reading: Reading = { assignments: [], problems: [] };
  const walk = (table: Record<string, unknown>, prefix: string): void => {
    for (const [name, value] of Object.entries(table)) {
      const path = `${prefix}${name}`;
      const key = KEYS.get(path);
      if (key !== undefined) reading.assignments.push({ key, value, source, folder });
      else if (SECTIONS.has(path) && isTable(value)) walk(value, `${path}.`);
      else reading.problems.push(`${source}: ${strangerIn(path, value)}`);
    }
  };
  walk(parseToml(text, source), '');
  return reading;
}

/** The keys that variables named TARS_… set. `TARS_CONFIG` is not one of them. */
export function readEnvironment(env: NodeJS.ProcessEnv, folder: string): Reading {
  const reading: Reading = { assignments: [], problems: [] };
  const byVariable = new Map([...KEYS.values()].map((key) => [key.variable, key]));
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('TARS_') || variable === 'TARS_CONFIG' || text === undefined) continue;
    const key = byVariable.get(variable);
    const source = `environment ${variable}`;
    if (key === undefined) {
      reading.problems.push(`${source}: no such key${hint(variable, [...byVariable.keys(), 'TARS_CONFIG'])}`);
    } else {
      reading.assignments.push({ key, value: valueFromText(key.kind, text, source), source, folder });
    }
  }
  return reading;
}

/** The keys that flags `--section.key` set. */
export function readFlags(flags: Flags, folder: string): Reading {
  const reading: Reading = { assignments: [], problems: [] };
  for (const [path, text] of flags) {
    const key = KEYS.get(path);
    const source = `flag --${path}`;
    if (key === undefined) reading.problems.push(`${source}: no such key${hint(path, KEYS.keys())}`);
    else if (text === true && key.kind !== 'boolean') {
      reading.problems.push(`${source}: the value is missing; allowed: ${key.allowed}`);
    } else {
      const value = text === true ? true : valueFromText(key.kind, text, source);
      reading.assignments.push({ key, value, source, folder });
    }
  }
  return reading;
}

/** Text that does not fit the kind stays text, which the schema then refuses with what is allowed. */
function valueFromText(kind: KeyKind, text: string, source: string): unknown {
  const trimmed = text.trim();
  if (kind === 'number') return trimmed === '' || Number.isNaN(Number(trimmed)) ? text : Number(trimmed);
  if (kind === 'boolean') return trimmed === 'true' || trimmed === 'false' ? trimmed === 'true' : text;
  if (kind === 'table') return trimmed.startsWith('{') ? inlineToml(trimmed, text, source) : text;
  if (kind === 'list') {
    if (trimmed.startsWith('[')) return inlineToml(trimmed, text, source);
    return trimmed === '' ? [] : trimmed.split(',').map((item) => item.trim());
  }
  return text;
}

function inlineToml(trimmed: string, text: string, source: string): unknown {
  try {
    return parseToml(`value = ${trimmed}`, source).value;
  } catch {
    return text;
  }
}

function strangerIn(path: string, value: unknown): string {
  if (SECTIONS.has(path)) return `${path} is a section, [${path}], and has no value of its own`;
  if (isTable(value)) return `no section [${path}]${hint(path, SECTIONS)}`;
  return `no key ${path}${hint(path, KEYS.keys())}`;
}
