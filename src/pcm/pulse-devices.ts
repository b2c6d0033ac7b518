import type { Log } from '../log.js';
import type { DeviceRow } from './device-row.js';
import { listing } from './listing.js';

const REMEDY = 'apt-get install pulseaudio-utils';

/** The sources or sinks of PulseAudio, or of PipeWire in its place. Rejects with AudioError when there is none. */
export async function listPulse(kind: 'sources' | 'sinks', log: Log): Promise<DeviceRow[]> {
  const list = await listing('pactl', ['list', 'short', kind], REMEDY, log);
  const info = await listing('pactl', ['info'], REMEDY, log);
  return parsePulseList(list, info, kind);
}

/** Takes `pactl list short …` apart: index, name, driver, format and state, separated by tabs. */
export function parsePulseList(list: string, info: string, kind: 'sources' | 'sinks'): DeviceRow[] {
  const which = kind === 'sources' ? 'Source' : 'Sink';
  const defaultName = new RegExp(`^Default ${which}: (.*)$`, 'm').exec(info)?.[1];
  return list.split('\n').flatMap((line) => {
    const [, name, , format = '', state = ''] = line.split('\t');
    if (name === undefined) return [];
    const [, channels = '', rateHz = ''] = /(\d+)ch (\d+)Hz/.exec(format) ?? [];
    const detail = [channels && `${channels} ch`, state.toLowerCase()].filter(Boolean).join(', ');
    return [{ name, rates: rateHz, inUseBy: '', detail, isDefault: name === defaultName }];
  });
}
