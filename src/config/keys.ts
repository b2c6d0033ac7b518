import { z } from 'zod';
import { schema } from './schema.js';

/** What a key holds, which decides how text from the environment or a flag becomes its value. */
export type KeyKind = 'string' | 'number' | 'boolean' | 'list' | 'table';

/** One key of the configuration. */
export interface Key {
  /** Dotted, as in `hotword.porcupine.keywords`. */
  path: string;
  kind: KeyKind;
  /** Completes "allowed: …". */
  allowed: string;
  /** The environment variable that sets it. */
  variable: string;
  schema: z.ZodType;
}

/** Every key by its path, in the order of the schema. */
export const KEYS: ReadonlyMap<string, Key> = new Map(collect(schema, '').map((key) => [key.path, key]));

/** The paths of all tables that hold keys, as in `hotword` and `hotword.porcupine`. */
export const SECTIONS: ReadonlySet<string> = new Set([...KEYS.keys()].flatMap(sectionsOf));

function collect(section: z.ZodObject, prefix: string): Key[] {
  return Object.entries(section.shape).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    if (child instanceof z.ZodObject) return collect(child, `${path}.`);
    if (!(child instanceof z.ZodType)) throw new TypeError(`the schema of ${path} is of an unknown kind`);
    return [{ path, kind: kindOf(child), allowed: child.description ?? '', variable: variableOf(path), schema: child }];
  });
}

function kindOf(leaf: z.ZodType): KeyKind {
  if (leaf instanceof z.ZodBoolean) return 'boolean';
  if (leaf instanceof z.ZodNumber) return 'number';
  if (leaf instanceof z.ZodArray) return 'list';
  // Of words and tables: only what looks like a table is read as one.
  if (leaf instanceof z.ZodRecord || leaf instanceof z.ZodUnion) return 'table';
  return 'string';
}

function variableOf(path: string): string {
  return `TARS_${path.replaceAll('.', '_').toUpperCase()}`;
}

function sectionsOf(path: string): string[] {
  const parts = path.split('.').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}
