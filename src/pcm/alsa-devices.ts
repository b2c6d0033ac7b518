import type { Log } from '../log.js';
import type { DeviceRow } from './device-row.js';
import { type Direction, holders } from './holders.js';
import { listing } from './listing.js';

/** Devices that convert as needed; the many others of ALSA's list are the same hardware with fewer formats. */
const USEFUL = /^(default|pulse|pipewire|jack|plughw:.*|sysdefault:.*)$/;

/** What ALSA's `arecord` or `aplay` lists. Rejects with AudioError when the command is not there. */
export async function listAlsa(command: 'arecord' | 'aplay', log: Log): Promise<DeviceRow[]> {
  const remedy = 'apt-get install alsa-utils';
  const text = await listing({ command, args: ['-L'], remedy, cure: 'a device of asound.conf holds it up' }, log);
  const direction = command === 'arecord' ? 'c' : 'p';
  return parseAlsaList(text).map((row) => ({ ...row, inUseBy: usersOf(row.name, direction) }));
}

/** Takes the output of `aplay -L` apart: names at the start of a line, their description indented below. */
export function parseAlsaList(text: string): DeviceRow[] {
  const rows: DeviceRow[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const last = rows.at(-1);
    if (!/^\s/.test(line)) {
      rows.push({ name: line, rates: 'any', inUseBy: '', detail: '', isDefault: line === 'default' });
    } else if (last) last.detail = [last.detail, line.trim()].filter(Boolean).join(', ');
  }
  return rows.filter(({ name }) => USEFUL.test(name));
}

/** Who has the card open that is part of ALSA's name `CARD=…` or of PortAudio's `(hw:0,0)`. */
export function usersOf(device: string, direction: Direction): string {
  const name = /CARD=([^,]+)/.exec(device)?.[1];
  const index = /\(hw:(\d+),/.exec(device)?.[1];
  const users = holders(direction).filter((holder) => holder.card === name || String(holder.index) === index);
  return users.map(({ program, pid }) => `${program} (${pid})`).join(', ');
}
