import { alsaFormat } from '../pcm/alsa-format.js';
import { type CaptureBackend, CHUNK_MS } from './child-microphone.js';

const BUFFER_MS = 480; // how long this process may be busy before a sample is lost

/** ALSA's own recorder, from Debian's alsa-utils. */
export const arecord: CaptureBackend = {
  name: 'arecord',
  spec: (device, format) => ({
    name: 'arecord',
    command: 'arecord',
    args: [
      ...['--quiet', '--device', device || 'default', ...alsaFormat(format)],
      ...['--period-time', String(CHUNK_MS * 1000), '--buffer-time', String(BUFFER_MS * 1000)],
    ],
    pcm: 'stdout',
    remedy: 'apt-get install alsa-utils',
  }),
};
