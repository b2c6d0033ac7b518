import { pulseFormat } from '../pcm/pulse-format.js';
import { type CaptureBackend, CHUNK_MS } from './child-microphone.js';

/** PulseAudio's recorder (also for PipeWire's PulseAudio server), from Debian's pulseaudio-utils. */
export const parecord: CaptureBackend = {
  name: 'parecord',
  spec: (device, format) => ({
    name: 'parecord',
    command: 'parecord',
    args: [
      ...['--raw', '--client-name=tars-client', '--stream-name=microphone', `--latency-msec=${CHUNK_MS}`],
      ...(device === '' ? [] : [`--device=${device}`]),
      ...pulseFormat(format),
    ],
    pcm: 'stdout',
    remedy: 'apt-get install pulseaudio-utils',
  }),
};
