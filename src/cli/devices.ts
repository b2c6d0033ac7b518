import type { Config } from '../config.js';
import { messageOf } from '../errors.js';
import { createLog, type Log } from '../log.js';
import { listNaudiodon } from '../mic/naudiodon.js';
import { listAlsa } from '../pcm/alsa-devices.js';
import type { DeviceRow } from '../pcm/device-row.js';
import { listPulse } from '../pcm/pulse-devices.js';
import { table } from './table.js';

/** How to list the devices of one backend. */
interface Listing {
  backend: string;
  /** Whether "auto" tries it. */
  isAuto: boolean;
  list: (log: Log) => Promise<DeviceRow[]>;
}

// The names of PipeWire's nodes are those that its PulseAudio server gives them; the speaker package takes ALSA's.
const MICROPHONES: Listing[] = [
  { backend: 'naudiodon', isAuto: true, list: listNaudiodon },
  { backend: 'arecord', isAuto: true, list: (log) => listAlsa('arecord', log) },
  { backend: 'parecord', isAuto: false, list: (log) => listPulse('sources', log) },
  { backend: 'pw-cat', isAuto: false, list: (log) => listPulse('sources', log) },
];

const SPEAKERS: Listing[] = [
  { backend: 'speaker', isAuto: true, list: (log) => listAlsa('aplay', log) },
  { backend: 'aplay', isAuto: true, list: (log) => listAlsa('aplay', log) },
  { backend: 'pacat', isAuto: false, list: (log) => listPulse('sinks', log) },
  { backend: 'pw-cat', isAuto: false, list: (log) => listPulse('sinks', log) },
];

const HEADER = ['', 'BACKEND', 'NAME', 'RATE', 'DEFAULT', 'IN USE BY', 'WHAT IT IS'];

/** The command `devices`: a table of what each backend sees; `*` marks what the configuration would use. */
export async function devicesCommand(config: Config, out: NodeJS.WritableStream): Promise<number> {
  const log = createLog({ level: 'silent', format: 'json' });
  out.write(await section('Microphones', MICROPHONES, config.mic, log));
  out.write('\n');
  out.write(await section('Speakers', SPEAKERS, config.speaker, log));
  out.write('\nNAME goes into mic.device or speaker.device; * is what this configuration would use.\n');
  return 0;
}

/** The names that a backend, or with `auto` the first one that sees any, knows; empty where none can tell. Never rejects. */
export async function deviceNames(kind: 'microphone' | 'loudspeaker', wanted: string): Promise<readonly string[]> {
  const log = createLog({ level: 'silent', format: 'json' });
  for (const { backend, isAuto, list } of kind === 'microphone' ? MICROPHONES : SPEAKERS) {
    if (backend !== wanted && !(wanted === 'auto' && isAuto)) continue;
    // Why it cannot tell is what the doctor has just found.
    const rows = await list(log).catch(() => []);
    if (rows.length > 0) return rows.map(({ name }) => name);
  }
  return [];
}

async function section(
  title: string,
  listings: Listing[],
  wanted: { backend: string; device: string },
  log: Log,
): Promise<string> {
  const lines: string[][] = [HEADER];
  const remarks: string[] = [];
  let isChosen = false;
  for (const { backend, isAuto, list } of listings) {
    const isWanted = wanted.backend === backend || (wanted.backend === 'auto' && isAuto);
    // It sees what parecord and pacat see.
    if (backend === 'pw-cat' && !isWanted) continue;
    const rows = await list(log).catch((error: unknown) => messageOf(error));
    if (typeof rows === 'string') {
      remarks.push(`  ${backend} is not usable: ${rows}`);
      continue;
    }
    if (rows.length === 0) remarks.push(`  ${backend} sees no device`);
    for (const row of rows) {
      const isUsed: boolean = !isChosen && isWanted && matches(row, backend, wanted.device);
      isChosen ||= isUsed;
      const { name, rates, inUseBy, detail } = row;
      lines.push([isUsed ? '*' : '', backend, name, rates, row.isDefault ? 'yes' : '', inUseBy, detail]);
    }
  }
  if (!isChosen)
    remarks.push(`  none of them would be used${wanted.backend === 'file' ? ': the backend is a file' : ''}`);
  const head = `${title} (backend = "${wanted.backend}", device = "${wanted.device}")`;
  return `${[head, ...table(lines), ...remarks].join('\n')}\n`;
}

function matches(row: DeviceRow, backend: string, device: string): boolean {
  if (device === '') return row.isDefault;
  return backend === 'naudiodon' ? row.name.toLowerCase().includes(device.toLowerCase()) : row.name === device;
}
