import { readFileSync } from 'node:fs';
import { ConfigError, messageOf } from '../errors.js';

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
    throw new ConfigError(`${key}: ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (text === '') throw new ConfigError(`${key}: ${file} is empty; it must hold the secret on one line`);
  if (!/^[\x20-\x7e]+$/.test(text)) {
    throw new ConfigError(`${key}: ${file} must hold the secret alone, on one line of plain ASCII`);
  }
  return text;
}
