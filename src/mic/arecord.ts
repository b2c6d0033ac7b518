import type { CaptureBackend } from './child-microphone.js';
import { CHUNK_MS } from './child-microphone.js';

const BUFFER_MS = 500; // how long this process may be busy before a sample is lost

/** ALSA's own recorder, from Debian's alsa-utils. */
export const arecord: CaptureBackend = {
  name: 'arecord',
  spec: ({ device, rateHz, channel }) => ({
    format: { rateHz, bits: 16, channels: channel },
    child: {
      name: 'arecord',
      command: 'arecord',
      args: [
        ...['--quiet', '--device', device || 'default'],
        ...['--file-type', 'raw', '--format', 'S16_LE', '--rate', String(rateHz), '--channels', String(channel)],
        ...['--period-time', String(CHUNK_MS * 1000), '--buffer-time', String(BUFFER_MS * 1000)],
      ],
      pcm: 'stdout',
      remedy: 'apt-get install alsa-utils',
    },
  }),
};
