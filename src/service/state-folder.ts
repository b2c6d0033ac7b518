import { join } from 'node:path';
import { homeFolder } from '../config/paths.js';

/** The folder that the service manager keeps for this program (systemd's `StateDirectory=`), if it runs as a service. */
export function stateFolder(env: NodeJS.ProcessEnv): string | undefined {
  return env.STATE_DIRECTORY?.split(':')[0] || undefined;
}

/**
 * The folder of what this program keeps: a service's own state, else the user's data as the XDG base directory specification
 * has it.
 */
export function dataFolder(env: NodeJS.ProcessEnv, home: string = homeFolder(env)): string {
  return stateFolder(env) ?? join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'tars-client');
}
