import type { Log } from '../log.js';
import { childError, PcmChild } from './child.js';

/** A device as a backend sees it. */
export interface DeviceRow {
  backend: string;
  /** What to write into `mic.device` or `speaker.device`. */
  name: string;
  /** For a person: what it is. */
  detail: string;
  /** The one taken when the configuration names none. */
  isDefault: boolean;
}

/** Devices that convert as needed; the many others of ALSA's list are the same hardware with fewer formats. */
const USEFUL = /^(default|pulse|pipewire|jack|plughw:.*|sysdefault:.*)$/;

/** What ALSA's `arecord` or `aplay` lists. Rejects with AudioError when the command is not there. */
export async function listAlsa(command: 'arecord' | 'aplay', log: Log): Promise<DeviceRow[]> {
  const child = new PcmChild(
    { name: command, command, args: ['-L'], pcm: 'stdout', remedy: 'apt-get install alsa-utils' },
    log,
  );
  let text = '';
  child.output.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const exit = await child.exited;
  if (exit.code !== 0) throw childError(exit);
  return parseAlsaList(text, command);
}

/** Takes the output of `aplay -L` apart: names at the start of a line, their description indented below. */
export function parseAlsaList(text: string, backend: string): DeviceRow[] {
  const rows: DeviceRow[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const last = rows.at(-1);
    if (!/^\s/.test(line)) rows.push({ backend, name: line, detail: '', isDefault: line === 'default' });
    else if (last) last.detail = [last.detail, line.trim()].filter(Boolean).join(', ');
  }
  return rows.filter(({ name }) => USEFUL.test(name));
}
