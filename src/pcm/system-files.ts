import { readdirSync, readFileSync } from 'node:fs';

/** The names in a folder, in order; none where it is not there or not to be read. */
export function entries(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

/** What a small file says, without the space around it; empty where it is not there or not to be read. */
export function text(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
