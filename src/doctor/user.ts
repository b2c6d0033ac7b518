import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, type Finding, failure, ok, warning } from './finding.js';
import type { MachineView } from './machine.js';

/** Who runs this, and what of the sound system this user can reach. */
export interface UserView {
  name: string;
  isRoot: boolean;
  groups: readonly string[];
  env: NodeJS.ProcessEnv;
  exists: (path: string) => boolean;
}

/** The user of this process. */
export async function thisUser({ output }: MachineView): Promise<UserView> {
  const uid = process.getuid?.();
  // A container may run this as a number that has no name.
  const name = (await output('id', ['-un']).catch(() => '')).trim() || `user ${uid}`;
  const groups = await output('id', ['-nG']).catch(() => '');
  return { name, isRoot: uid === 0, groups: groups.trim().split(' '), env: process.env, exists: existsSync };
}

/** User, groups, and the sound server of this user. */
export function userCheck(user: UserView): Check {
  return { subject: 'user', run: async () => [groupFinding(user), serverFinding(user)] };
}

function groupFinding({ name, isRoot, groups, exists }: UserView): Finding {
  const hasCards = exists('/dev/snd');
  if (!hasCards || isRoot || groups.includes('audio'))
    return ok('user', `${name}${groups.includes('audio') ? ', in the group audio' : ''}`);
  return failure(
    'user',
    `${name} is not in the group audio, which owns the sound devices`,
    `sudo usermod -aG audio ${name}   (then log in again)`,
  );
}

/** PulseAudio and PipeWire run for the user who is logged in; a user without a session has neither. */
function serverFinding({ env, exists }: UserView): Finding {
  const runtime = env.XDG_RUNTIME_DIR;
  const has = (socket: string) => runtime !== undefined && exists(join(runtime, socket));
  if (env.PULSE_SERVER) return ok('sound server', `PulseAudio or PipeWire at ${env.PULSE_SERVER}`);
  const found = [has('pipewire-0') ? 'PipeWire' : '', has('pulse/native') ? 'PulseAudio\u2019s socket' : ''].filter(
    Boolean,
  );
  if (found.length > 0) return ok('sound server', `${found.join(' with ')} of this user`);
  const text = 'none for this user: ALSA\u2019s devices are used directly';
  if (runtime === undefined && !exists('/dev/snd')) {
    return warning(
      'sound server',
      `${text}, and there are none; a service\u2019s user has no session`,
      'plug a sound card in, or run this as the user who is logged in',
    );
  }
  return ok('sound server', text);
}
