import { existsSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';

const MASK = '***';
/** The keys that name files with secrets. */
const SECRET_FILES: ReadonlySet<string> = new Set([
  'server.token_file',
  'hotword.porcupine.access_key_file',
  'page.token_file',
]);
/** Long, of letters and digits: tokens and keys are, and most names of files are not. */
const SECRET = /^(?=.*\d)(?=.*[A-Za-z])[\w+/=.~-]{16,}$/;

/**
 * An address that may be shown: user name, password and the values of its query are replaced by `***`. Works on the
 * text, so that an address too wrong to be parsed is masked as well.
 */
export function maskUrl(url: string): string {
  return url
    .replace(/^([^/?#]*\/\/)?[^/?#]*@/, `$1${MASK}@`)
    .replace(/\?([^#]*)/, (_, query: string) => `?${query.split('&').map(maskPair).join('&')}`);
}

function maskPair(pair: string): string {
  const equals = pair.indexOf('=');
  if (equals >= 0) return `${pair.slice(0, equals)}=${MASK}`;
  return pair === '' ? '' : MASK;
}

/**
 * The path of a file with a secret as it may be shown: what of it is nowhere on this machine and looks like the secret itself, which
 * somebody has written in the place of the path, is replaced by `***`.
 */
export function maskFile(path: string): string {
  let known = isAbsolute(path) ? path : '';
  while (known !== '' && !existsSync(known)) known = dirname(known);
  const shown = known === '' || known.endsWith('/') ? known : `${known}/`;
  return SECRET.test(path.slice(known.length)) ? shown + MASK : path;
}

/** A key's value as it may be shown in an error or by the `config` command. */
export function masked(path: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (SECRET_FILES.has(path)) return maskFile(value);
  return path === 'server.url' ? maskUrl(value) : value;
}
