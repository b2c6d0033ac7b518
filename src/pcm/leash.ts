import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** From util-linux, which every Linux has; sets what the kernel does when the parent ends, and becomes the command. */
const SETPRIV = 'setpriv';
const LEASH = ['--pdeathsig', 'KILL'];
const TRIAL_LIMIT_MS = 2000;

const trials = new Map<string, boolean>();

/**
 * A command that the kernel kills when this process ends, however it ends: a player would otherwise play on what its
 * pipe still holds, and a stopped child would hold its device for ever. The command itself where the system cannot.
 */
export function leash(command: string, args: readonly string[], path = process.env.PATH ?? ''): [string, string[]] {
  // A command that does not exist must be reported as such, not as a failure of setpriv.
  if (!isThere(command, path) || !holds(path)) return [command, [...args]];
  return [SETPRIV, [...LEASH, command, ...args]];
}

/**
 * Whether setpriv is there and works. It calls capset, which the service's sandbox refuses; there systemd ends what a
 * service leaves behind.
 */
function holds(path: string): boolean {
  const known = trials.get(path);
  if (known !== undefined) return known;
  if (!isThere(SETPRIV, path)) return false;
  const trial = { env: { PATH: path }, stdio: 'ignore', timeout: TRIAL_LIMIT_MS } as const;
  const { status, error } = spawnSync(SETPRIV, [...LEASH, SETPRIV, '--version'], trial);
  // A machine that was too busy for a trial says nothing about the next one.
  if (!error) trials.set(path, status === 0);
  return status === 0;
}

function isThere(command: string, path: string): boolean {
  const places = isAbsolute(command) ? [command] : path.split(delimiter).map((folder) => join(folder, command));
  return places.some((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
