import { maskFile } from '../config/mask.js';
import type { parted } from './finding.js';

/** Of the machine and its service; what is there is read when the service starts. */
const OF_THE_SERVICE = '/etc/';

/** The command that changes a file with a secret, as the service or this user has it. */
export function editCommand(file: string): string {
  const shown = maskFile(file);
  const word = /^[\w/.+-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
  if (!file.startsWith(OF_THE_SERVICE)) return `nano ${word}`;
  return `sudo nano ${word} && sudo systemctl restart tars-client`;
}

/** What a command needs to know of a server. */
export interface ServerPlace {
  url: URL;
  /** "" where there is none. */
  tokenFile: string;
}

/** The remedy for a server that cannot be used, with the command that mends it or shows more in front; cause and remedy as of `parted`. */
export function serverRemedy([cause, remedy]: ReturnType<typeof parted>, place: ServerPlace): string | undefined {
  const command = serverCommand(`${cause}; ${remedy ?? ''}`, place);
  if (command === undefined) return remedy;
  return remedy === undefined ? command : `${command}   (${remedy})`;
}

function serverCommand(said: string, { url, tokenFile }: ServerPlace): string | undefined {
  if (said.includes('server.token_file')) return tokenFile === '' ? 'tars-client config' : editCommand(tokenFile);
  if (/\(CERT_(HAS_EXPIRED|NOT_YET_VALID)\)/.test(said)) return 'timedatectl';
  if (/\((ENOTFOUND|EAI_AGAIN)\)/.test(said)) return `getent hosts ${url.hostname}`;
  if (/\((EHOSTUNREACH|ENETUNREACH|ENETDOWN)\)/.test(said)) return 'ip -brief address';
  // Without its query, which may hold a secret.
  if (/server\.url/.test(said)) return `curl -v ${url.protocol.replace('ws', 'http')}//${url.host}${url.pathname}`;
  return undefined;
}
