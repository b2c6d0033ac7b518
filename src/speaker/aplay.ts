import { alsaFormat } from '../pcm/alsa-format.js';
import type { PlayerBackend } from './command-speaker.js';

const PERIOD_MS = 20;
const BUFFER_MS = 400;

/** ALSA's own player, from Debian's alsa-utils. */
export const aplay: PlayerBackend = {
  name: 'aplay',
  spec: ({ device }, format) => ({
    name: 'aplay',
    command: 'aplay',
    args: [
      ...['--quiet', '--device', device || 'default', ...alsaFormat(format)],
      ...['--period-time', String(PERIOD_MS * 1000), '--buffer-time', String(BUFFER_MS * 1000)],
      '--start-delay=1', // µs: sound begins with the first period, not with a full buffer
    ],
    pcm: 'stdin',
    remedy: 'apt-get install alsa-utils',
  }),
};
