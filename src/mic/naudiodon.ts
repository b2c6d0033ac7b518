import { fileURLToPath } from 'node:url';
import type { Log } from '../log.js';
import { usersOf } from '../pcm/alsa-devices.js';
import { childError, PcmChild } from '../pcm/child.js';
import type { DeviceRow } from '../pcm/device-row.js';
import { endOf } from '../pcm/listing.js';
import { LEAN_NODE } from '../pcm/node-child.js';
import { type CaptureBackend, CHUNK_MS } from './child-microphone.js';
import { clearJackDatabase } from './jack-database.js';
import type { PortAudioInput } from './naudiodon-child.js';

/** PortAudio asks every device of the machine, and JACK. */
const LIST_LIMIT_MS = 10_000;
const CURE = 'a sound server that hangs holds it up';
const CHILD = fileURLToPath(new URL('./naudiodon-child.js', import.meta.url));

/** PortAudio through the naudiodon package, in a Node child: its library prints, hangs and aborts there, not here. */
export const naudiodon: CaptureBackend = {
  name: 'naudiodon',
  spec: (device, format) => ({
    name: 'naudiodon',
    command: process.execPath,
    args: [
      ...LEAN_NODE,
      CHILD,
      JSON.stringify({ device, ...format, chunkFrames: Math.round((format.rateHz * CHUNK_MS) / 1000) }),
    ],
    // Each pending read holds a thread of libuv's pool; the default of four would starve everything else.
    env: { UV_THREADPOOL_SIZE: '16' },
    pcm: 'fd3',
    messages: true,
    remedy: 'reinstall Node.js',
  }),
  clearAfterHang: (log) => void clearJackDatabase(log),
};

/** What PortAudio sees. Rejects with AudioError when the package does not load. */
export async function listNaudiodon(log: Log): Promise<DeviceRow[]> {
  const child = new PcmChild(
    { name: 'naudiodon', command: process.execPath, args: [CHILD, 'list'], pcm: 'fd3', messages: true, remedy: '' },
    log,
  );
  let rows: DeviceRow[] | undefined;
  child.onMessage((message) => {
    rows = (message as PortAudioInput[]).map(({ name, maxInputChannels, defaultSampleRate, isDefault }) => ({
      name,
      rates: String(defaultSampleRate),
      inUseBy: usersOf(name, 'c'),
      detail: `${maxInputChannels} ch`,
      isDefault,
    }));
  });
  const exit = await endOf(child, 'PortAudio', CURE, LIST_LIMIT_MS);
  if (!rows) throw childError(exit);
  return rows;
}
