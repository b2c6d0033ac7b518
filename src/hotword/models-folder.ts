import { homedir } from 'node:os';
import { join } from 'node:path';
import { stateFolder } from '../service/state-folder.js';

/**
 * The folder of downloaded hotword models: a service's own state (systemd's `StateDirectory=`), else the user's data as
 * the XDG base directory specification has it.
 */
export function modelsFolder(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): string {
  const state = stateFolder(env);
  if (state) return join(state, 'models');
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'tars-client', 'models');
}
