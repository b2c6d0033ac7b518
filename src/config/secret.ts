import { readFileSync } from 'node:fs';
import { ConfigError, messageOf } from '../errors.js';
import { maskFile } from './mask.js';

/**
 * The secret in a file: its text without the white space around it; undefined when `file` is "".
 * Throws ConfigError, which names key and file and never the content, when the file cannot be read, is empty, or holds
 * anything but one line of printable ASCII.
 */
export function readSecret(key: string, file: string): string | undefined {
  if (file === '') return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const shown = maskFile(file);
    const why = messageOf(error).replaceAll(file, shown);
    const remedy = shown === file ? '' : '; it names a file that holds the secret, and is not the secret itself';
    throw new ConfigError(`${key}: ${shown} cannot be read: ${why}${remedy}`, remedy === '' ? { cause: error } : {});
  }
  if (text === '') throw new ConfigError(`${key}: ${file} is empty; it must hold the secret on one line`);
  if (!/^[\x20-\x7e]+$/.test(text)) {
    throw new ConfigError(`${key}: ${file} must hold the secret alone, on one line of plain ASCII`);
  }
  return text;
}
