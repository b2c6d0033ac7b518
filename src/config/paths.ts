import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../errors.js';

const CREDENTIALS = '$CREDENTIALS_DIRECTORY/';

/** What the unit puts in front of the names: systemd joins the name of a folder of credentials and those of its files. */
const FOLDER_PREFIX = 'tars_';

/** The systemd credential that serves a key which is empty. */
const CREDENTIAL_NAMES: ReadonlyMap<string, string> = new Map([
  ['server.token_file', 'server-token'],
  ['hotword.porcupine.access_key_file', 'porcupine-access-key'],
  ['page.token_file', 'page-token'],
]);

/** Where paths start from besides the folder of their source. */
export interface Places {
  /** The folder that `~/` stands for. */
  home: string;
  /** The folder systemd puts this service's credentials into, if it does. */
  credentials?: string | undefined;
}

/** The home folder of this user; "/" for one that the system does not know, such as a bare number in a container. */
export function homeFolder(env: NodeJS.ProcessEnv, lookUp: () => string = homedir): string {
  if (env.HOME) return env.HOME;
  try {
    return lookUp();
  } catch (error) {
    if (Object(error).code === 'ERR_SYSTEM_ERROR') return '/';
    throw error;
  }
}

/**
 * The value of a key with every path in it made absolute; other keys' values as they are. A file may be one of the
 * service's credentials, `$CREDENTIALS_DIRECTORY/name`; throws ConfigError when there are none.
 */
export function withAbsolutePaths(path: string, value: unknown, folder: string, places: Places): unknown {
  const absolute = (text: unknown) =>
    typeof text === 'string' ? absolutePath(withCredentials(text, places), folder, places) : text;
  if (path === 'hotword.openwakeword.models') return mapTable(value, absolute);
  if (path === 'hotword.porcupine.keywords') return mapTable(value, (text) => (isFile(text) ? absolute(text) : text));
  return path.endsWith('_file') || path.endsWith('_dir') ? absolute(value) : value;
}

/** The absolute form of a path: relative ones start from `folder`, `~/` from the home. "" stays "". */
export function absolutePath(text: string, folder: string, places: Places): string {
  if (text === '') return text;
  return text.startsWith('~/') ? join(places.home, text.slice(2)) : resolve(folder, text);
}

/** The credential that serves this key, when the service has one: its path, and its name for a person. */
export function credentialFor(path: string, places: Places): { file: string; source: string } | undefined {
  const name = CREDENTIAL_NAMES.get(path);
  if (name === undefined || !places.credentials) return undefined;
  for (const each of [name, FOLDER_PREFIX + name]) {
    const file = join(places.credentials, each);
    if (existsSync(file)) return { file, source: `credential ${each}` };
  }
  return undefined;
}

function withCredentials(text: string, { credentials }: Places): string {
  if (!text.startsWith(CREDENTIALS)) return text;
  if (credentials) return join(credentials, text.slice(CREDENTIALS.length));
  throw new ConfigError('$CREDENTIALS_DIRECTORY is set only in a systemd service with LoadCredential=');
}

function isFile(text: unknown): boolean {
  return typeof text === 'string' && (text.includes('/') || text.endsWith('.ppn'));
}

function mapTable(value: unknown, change: (item: unknown) => unknown): unknown {
  return Object.fromEntries(Object.entries(value ?? {}).map(([key, item]) => [key, change(item)]));
}
