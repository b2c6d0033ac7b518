import { pulseFormat } from '../pcm/pulse-format.js';
import type { PlayerBackend } from './command-speaker.js';

/** Sound held by the sound server: covers a busy machine; the first sample waits until this much is there. */
const LATENCY_MS = 100;

/** PulseAudio's player (also for PipeWire's PulseAudio server), from Debian's pulseaudio-utils. */
export const pacat: PlayerBackend = {
  name: 'pacat',
  spec: ({ device }, format) => ({
    name: 'pacat',
    command: 'pacat',
    args: [
      ...['--playback', '--raw', '--client-name=tars-client', '--stream-name=loudspeaker'],
      ...[`--latency-msec=${LATENCY_MS}`, ...(device === '' ? [] : [`--device=${device}`])],
      ...pulseFormat(format),
    ],
    pcm: 'stdin',
    remedy: 'apt-get install pulseaudio-utils',
  }),
};
