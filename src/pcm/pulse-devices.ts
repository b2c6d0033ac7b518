import type { Log } from '../log.js';
import type { DeviceRow } from './device-row.js';
import { listing } from './listing.js';

const REMEDY = 'apt-get install pulseaudio-utils';
const CURE = 'restart the sound server (systemctl --user restart pulseaudio, or pipewire pipewire-pulse)';

type Kind = 'sources' | 'sinks';

/** What `pactl` says, in English. Rejects with AudioError when it is not there, no sound server answers or it hangs. */
function pactl(args: string[], log: Log, limitMs?: number): Promise<string> {
  return listing({ command: 'pactl', args, remedy: REMEDY, cure: CURE, ...(limitMs && { limitMs }) }, log);
}

/** The sources or sinks of PulseAudio, or of PipeWire in its place. Rejects with AudioError when there is none. */
export async function listPulse(kind: Kind, log: Log, limitMs?: number): Promise<DeviceRow[]> {
  const list = await pactl(['list', 'short', kind], log, limitMs);
  const info = await pactl(['info'], log, limitMs);
  const streams = await pactl(['list', kind === 'sources' ? 'source-outputs' : 'sink-inputs'], log, limitMs);
  return parsePulseList(list, info, kind, parsePulseStreams(streams));
}

/** Takes `pactl list short …` apart: index, name, driver, format and state, separated by tabs. */
export function parsePulseList(list: string, info: string, kind: Kind, users = new Map<string, string>()): DeviceRow[] {
  const which = kind === 'sources' ? 'Source' : 'Sink';
  const defaultName = new RegExp(`^Default ${which}: (.*)$`, 'm').exec(info)?.[1];
  return list.split('\n').flatMap((line) => {
    const [index = '', name, , format = '', state = ''] = line.split('\t');
    if (name === undefined) return [];
    const [, channels = '', rateHz = ''] = /(\d+)ch (\d+)Hz/.exec(format) ?? [];
    const detail = [channels && `${channels} ch`, state.toLowerCase()].filter(Boolean).join(', ');
    return [{ name, rates: rateHz, inUseBy: users.get(index) ?? '', detail, isDefault: name === defaultName }];
  });
}

/**
 * Takes `pactl list source-outputs` or `sink-inputs` apart (its plain text: older ones have no JSON): who uses each device, by
 * the device's index.
 */
export function parsePulseStreams(text: string): Map<string, string> {
  const users = new Map<string, Set<string>>();
  for (const stream of text.split(/^(?=(?:Source Output|Sink Input) #)/m)) {
    const device = /^\s*(?:Source|Sink): (\d+)$/m.exec(stream)?.[1];
    if (device === undefined) continue;
    const said = (name: string) => new RegExp(`^\\s*${name.replaceAll('.', '\\.')} = "(.+)"$`, 'm').exec(stream)?.[1];
    // What a module of the server does has no program.
    const program = said('application.process.binary') ?? said('application.name') ?? said('media.name') ?? 'a program';
    const pid = said('application.process.id');
    const user = pid === undefined ? program : `${program} (${pid})`;
    users.set(device, (users.get(device) ?? new Set()).add(user));
  }
  return new Map([...users].map(([device, names]) => [device, [...names].join(', ')]));
}

/** A source of PulseAudio, or of PipeWire in its place. */
export interface PulseSource {
  name: string;
  /** The one that a program gets which names none. */
  isDefault: boolean;
  /** True where it is the output of an echo canceller. */
  isEchoFree: boolean;
}

/** The sources, and which of them echo is cancelled in. Rejects with AudioError when no sound server answers. */
export async function listSources(log: Log, env = process.env): Promise<PulseSource[]> {
  const list = await pactl(['list', 'sources'], log);
  const info = await pactl(['info'], log);
  return parsePulseSources(list, info, env.PULSE_SOURCE);
}

/** Takes `pactl list sources` apart; `chosen` is the default of this user's programs, where it is not the server's. */
export function parsePulseSources(list: string, info: string, chosen?: string): PulseSource[] {
  const defaultName = chosen || /^Default Source: (.*)$/m.exec(info)?.[1];
  return list.split(/^(?=Source #)/m).flatMap((source) => {
    const name = /^\s*Name: (.+)$/m.exec(source)?.[1];
    if (name === undefined) return [];
    // A canceller has a sink too, whose monitor has everything but the echo's absence. PulseAudio names the driver, PipeWire a group.
    const isMonitor = /^\s*Monitor of Sink: (?!n\/a$)/m.test(source);
    const isEchoFree = !isMonitor && /^\s*(Driver: .*|node\.(link-)?group = .*)\becho-cancel/m.test(source);
    return [{ name, isDefault: name === defaultName, isEchoFree }];
  });
}
