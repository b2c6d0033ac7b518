import type { Config } from '../config.js';
import { messageOf } from '../errors.js';
import { createLog, type Log } from '../log.js';
import { listNaudiodon } from '../mic/naudiodon.js';
import { type DeviceRow, listAlsa } from '../pcm/alsa-devices.js';

/** How to list the devices of one backend. */
interface Listing {
  backend: string;
  list: (log: Log) => Promise<DeviceRow[]>;
}

const MICROPHONES: Listing[] = [
  { backend: 'naudiodon', list: listNaudiodon },
  { backend: 'arecord', list: (log) => listAlsa('arecord', log) },
];

/** The speaker package opens ALSA's devices by ALSA's names. */
const SPEAKERS: Listing[] = [
  {
    backend: 'speaker',
    list: async (log) => (await listAlsa('aplay', log)).map((row) => ({ ...row, backend: 'speaker' })),
  },
  { backend: 'aplay', list: (log) => listAlsa('aplay', log) },
];

/** The command `devices`: a table of what each backend sees; `*` marks what the configuration would use. */
export async function devicesCommand(config: Config, out: NodeJS.WritableStream): Promise<number> {
  const log = createLog({ level: 'silent', format: 'json' });
  out.write(await section('Microphones', MICROPHONES, config.mic, log));
  out.write('\n');
  out.write(await section('Speakers', SPEAKERS, config.speaker, log));
  return 0;
}

async function section(
  title: string,
  listings: Listing[],
  wanted: { backend: string; device: string },
  log: Log,
): Promise<string> {
  const lines = [`${title} (backend = "${wanted.backend}", device = "${wanted.device}")`];
  let isChosen = false;
  for (const { backend, list } of listings) {
    const isWanted: boolean = !isChosen && (wanted.backend === 'auto' || wanted.backend === backend);
    const rows = await list(log).catch((error: unknown) => messageOf(error));
    if (typeof rows === 'string') {
      lines.push(`    ${backend.padEnd(10)} not usable: ${rows}`);
      continue;
    }
    if (rows.length === 0) lines.push(`    ${backend.padEnd(10)} sees no device`);
    for (const row of rows) {
      const isUsed: boolean = isWanted && matches(row, wanted.device);
      isChosen ||= isUsed;
      lines.push(`  ${isUsed ? '*' : ' '} ${backend.padEnd(10)} ${row.name.padEnd(28)} ${row.detail}`.trimEnd());
    }
  }
  if (!isChosen)
    lines.push(`  none of them would be used${wanted.backend === 'file' ? ': the backend is a file' : ''}`);
  return `${lines.join('\n')}\n`;
}

function matches(row: DeviceRow, device: string): boolean {
  if (device === '') return row.isDefault;
  return row.backend === 'naudiodon' ? row.name.toLowerCase().includes(device.toLowerCase()) : row.name === device;
}
