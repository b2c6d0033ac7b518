import { readFileSync } from 'node:fs';

/** The version in package.json, which lies two folders above the compiled modules. */
export const PROGRAM_VERSION: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
