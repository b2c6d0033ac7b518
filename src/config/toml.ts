import { parse, TomlError } from 'smol-toml';
import { ConfigError } from '../errors.js';

/** A TOML document as an object. Throws ConfigError with file, line and column, and never quotes the file. */
export function parseToml(text: string, source: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The library's further lines quote the file, which may hold a secret in the wrong place.
    const what = error.message.split('\n', 1)[0]?.replace('Invalid TOML document: ', '');
    throw new ConfigError(`${source}:${error.line}:${error.column}: this is no TOML: ${what}`);
  }
}

/** A value as TOML writes it, on one line. */
export function tomlValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value).replaceAll('\x7f', '\\u007f');
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (isTable(value)) {
    const pairs = Object.entries(value).map(([key, item]) => `${tomlKey(key)} = ${tomlValue(item)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  return value instanceof Date ? value.toISOString() : String(value);
}

/** True for a TOML table (and not for a list or a date). */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlValue(key);
}
