import { statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import { type Direction, holders } from './holders.js';
import { entries, text } from './system-files.js';

/** What ALSA makes of a card or of a sound server of this machine; with any other plug-in, devices come unseen. */
const KNOWN_PLUGINS =
  /^(hw|plug|dmix|dsnoop|dshare|asym|softvol|route|rate|linear|copy|multi|null|empty|pulse|pipewire|jack)$/;

/**
 * What a machine shows of its sound for the price of reading a few small files: while it stays the same, no device of this
 * direction can have come, become free or become permitted. Undefined where it cannot tell: other systems than Linux, a
 * sound server that is running (its devices come and go unseen) or on another machine, ALSA plug-ins such as Bluetooth's.
 * `root` is for tests.
 */
export function soundTrace(direction: Direction, device: string, env = process.env, root = '/'): string | undefined {
  if (process.platform !== 'linux' || /blue|:\/\/|tcp/i.test(device)) return undefined;
  const sockets = serverSockets(env, root);
  if (sockets === undefined || sockets.some((path) => changedMs(join(root, path)) !== undefined)) return undefined;
  const configs = alsaConfigs(env).map((path) => join(root, path));
  if (!configs.every(isKnown)) return undefined;
  const nodes = entries(join(root, 'dev/snd')).map((name) => join(root, 'dev/snd', name));
  const jack = entries(join(root, 'dev/shm')).filter((name) => /^jack[-_](?!db)/.test(name));
  const changes = [...nodes, ...configs].map((path) => [path, changedMs(path)]);
  return JSON.stringify([changes, jack, holders(direction, join(root, 'proc'))]);
}

/** Where a sound server of this user would be; undefined where it is somewhere else. */
function serverSockets(env: NodeJS.ProcessEnv, root: string): string[] | undefined {
  const { HOME = '/', PULSE_SERVER = '', XDG_RUNTIME_DIR: runtime } = env;
  const clientConfigs = [env.PULSE_CLIENTCONFIG ?? join(HOME, '.config/pulse/client.conf'), '/etc/pulse/client.conf'];
  if (clientConfigs.some((path) => /^\s*default-server\s*=\s*\S/m.test(text(join(root, path))))) return undefined;
  const pipewire = env.PIPEWIRE_RUNTIME_DIR ?? runtime;
  const named = /^(?:unix:)?(\/[^ ]+)$/.exec(PULSE_SERVER)?.[1];
  if (PULSE_SERVER !== '' && named === undefined) return undefined;
  const pulse = env.PULSE_RUNTIME_PATH ?? (runtime === undefined ? undefined : join(runtime, 'pulse'));
  const usual = [...(pulse === undefined ? [] : [join(pulse, 'native')]), '/run/pulse/native'];
  const old = entries(join(root, HOME, '.config/pulse')).filter((name) => name.endsWith('-runtime'));
  return [
    ...(named === undefined ? usual : [named]),
    ...old.map((name) => join(HOME, '.config/pulse', name, 'native')),
    ...(pipewire === undefined ? [] : [join(pipewire, 'pipewire-0')]),
    '/run/pipewire/pipewire-0',
  ];
}

/** The files in which people describe devices of their own. */
function alsaConfigs(env: NodeJS.ProcessEnv): string[] {
  const { ALSA_CONFIG_PATH, HOME = '/', XDG_CONFIG_HOME = join(HOME, '.config') } = env;
  const own = [join(HOME, '.asoundrc'), join(XDG_CONFIG_HOME, 'alsa/asoundrc'), '/etc/asound.conf'];
  return ALSA_CONFIG_PATH === undefined ? own : [...ALSA_CONFIG_PATH.split(':'), ...own];
}

/** False where a file describes devices that come and go without a trace. A file that is not there describes none. */
function isKnown(config: string): boolean {
  const content = text(config);
  const plugins = [...content.matchAll(/\btype\s*[\s=]\s*"?(\w+)/g)].map(([, name]) => name ?? '');
  return plugins.every((name) => KNOWN_PLUGINS.test(name)) && !/\bserver\b/.test(content);
}

/** When a file, its owner or its permissions were changed, or why nobody knows; undefined where it is not there. */
function changedMs(path: string): number | string | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ctimeMs;
  } catch (error) {
    // A folder that this user may not enter, such as another user's XDG_RUNTIME_DIR.
    return messageOf(error);
  }
}
