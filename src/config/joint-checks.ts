import { PROTOCOLS } from '../protocol/registry.js';
import type { Config } from './schema.js';

/** A rule between keys: which keys it reads, when it is broken, and what to do then. */
export interface JointCheck {
  keys: readonly [string, ...string[]];
  isBroken(config: Config): boolean;
  remedy: string;
}

/** What the assistant inside this program speaks. */
const ASSISTANTS_PROTOCOL = 'gemitars';

/** The rules that no key can check alone. */
export const JOINT_CHECKS: readonly JointCheck[] = [
  {
    keys: ['server.protocol', 'server.url'],
    isBroken: ({ server }) => server.url === '' && server.protocol !== ASSISTANTS_PROTOCOL,
    remedy: `the assistant inside this program speaks "${ASSISTANTS_PROTOCOL}"; give the address of the server in server.url`,
  },
  {
    keys: ['hotword.actions', 'server.protocol'],
    isBroken: ({ hotword, server }) =>
      PROTOCOLS[server.protocol]?.displays === undefined && Object.values(hotword.actions).some(isForApps),
    remedy: 'start_app, stop_app and read_dashboard are for servers with apps: server.protocol = "augmentos"',
  },
  {
    keys: ['gpio.double_press', 'server.protocol'],
    isBroken: ({ gpio, server }) =>
      PROTOCOLS[server.protocol]?.displays === undefined &&
      (typeof gpio.double_press === 'object' || gpio.double_press === 'read_dashboard'),
    remedy: 'start_app, stop_app and read_dashboard are for servers with apps: server.protocol = "augmentos"',
  },
  {
    keys: ['link.retry_base_ms', 'link.retry_max_ms'],
    isBroken: ({ link }) => link.retry_base_ms > link.retry_max_ms,
    remedy: 'link.retry_base_ms must not be above link.retry_max_ms',
  },
  {
    keys: ['link.retry_first_ms', 'link.retry_max_ms'],
    isBroken: ({ link }) => link.retry_first_ms > link.retry_max_ms,
    remedy: 'link.retry_first_ms must not be above link.retry_max_ms',
  },
  {
    keys: ['link.pong_timeout_ms', 'link.ping_idle_ms'],
    isBroken: ({ link }) => link.pong_timeout_ms > link.ping_idle_ms,
    remedy: 'a ping must be answered before the next one: link.pong_timeout_ms must not be above link.ping_idle_ms',
  },
  {
    keys: ['hotword.engine', 'hotword.phrases'],
    isBroken: ({ hotword }) => hotword.engine !== 'none' && hotword.phrases.length === 0,
    remedy: 'give at least one phrase, or set hotword.engine = "none"',
  },
  {
    keys: ['hooks.on', 'hotword.actions'],
    isBroken: ({ hooks, hotword }) => {
      const names = Object.values(hotword.actions).flatMap((action) =>
        typeof action === 'object' && 'event' in action ? [`hotword.event:${action.event}`] : [],
      );
      return Object.keys(hooks.on).some((name) => name.startsWith('hotword.event:') && !names.includes(name));
    },
    remedy: 'hotword.event:NAME needs a phrase whose action is { event = "NAME" } in hotword.actions',
  },
  ...(['openwakeword', 'pocketsphinx'] as const).map((engine) => ({
    keys: [`hotword.${engine}.thresholds`, 'hotword.phrases'] as const,
    isBroken: ({ hotword }: Config) =>
      Object.keys(hotword[engine].thresholds).some((phrase) => !hotword.phrases.includes(phrase)),
    remedy: 'a threshold belongs to a phrase: write it in hotword.phrases too, spelled alike',
  })),
  {
    keys: ['hotword.actions', 'hotword.phrases'],
    isBroken: ({ hotword }) => Object.keys(hotword.actions).some((phrase) => !hotword.phrases.includes(phrase)),
    remedy: 'an action belongs to a phrase: write it in hotword.phrases too, spelled alike',
  },
  {
    keys: ['hotword.engine', 'hotword.porcupine.access_key_file'],
    isBroken: ({ hotword }) => hotword.engine === 'porcupine' && hotword.porcupine.access_key_file === '',
    remedy: 'porcupine needs a file with an access key, or set hotword.engine = "auto"',
  },
  {
    keys: ['speech.engine', 'speech.command'],
    isBroken: ({ speech }) => speech.engine === 'command' && speech.command === '',
    remedy: 'give the command in speech.command, or set speech.engine = "auto"',
  },
  {
    keys: ['mic.backend', 'mic.device'],
    isBroken: ({ mic }) => mic.backend === 'file' && mic.device === '',
    remedy: 'the file backend needs the path of a WAV file in mic.device',
  },
  {
    keys: ['mic.channel', 'mic.channels'],
    isBroken: ({ mic }) => mic.channels !== 0 && mic.channel > mic.channels,
    remedy: 'mic.channel must be one of the mic.channels that are opened, or set mic.channels = 0',
  },
  {
    keys: ['speaker.backend', 'speaker.device'],
    isBroken: ({ speaker }) => speaker.backend === 'file' && speaker.device === '',
    remedy: 'the file backend needs the path of a WAV file in speaker.device',
  },
];

function isForApps(action: Config['hotword']['actions'][string]): boolean {
  if (typeof action === 'string') return action === 'read_dashboard';
  return 'start_app' in action || 'stop_app' in action;
}
