import { pulseFormat } from '../pcm/pulse-format.js';
import { type CaptureBackend, CHUNK_MS } from './child-microphone.js';

/** Of what it says with `--verbose`, the lines of a usual life. */
const USUAL = /^(Time:|Opening|Connection established|Stream successfully|Buffer|Using|Connected)/;
/** PulseAudio gives the recorder of a source that is unplugged another one, and leaves it there when the first is back. */
const MOVED = /^Stream moved to device/;

/** PulseAudio's recorder (also for PipeWire's PulseAudio server), from Debian's pulseaudio-utils. */
export const parecord: CaptureBackend = {
  name: 'parecord',
  spec: (device, format) => ({
    name: 'parecord',
    command: 'parecord',
    args: [
      ...['--raw', '--client-name=tars-client', '--stream-name=microphone', `--latency-msec=${CHUNK_MS}`],
      // Who names no device may well be moved to the new default.
      ...(device === '' ? [] : [`--device=${device}`, '--verbose']),
      ...pulseFormat(format),
    ],
    env: { LC_ALL: 'C' },
    usual: USUAL,
    astray: MOVED,
    pcm: 'stdout',
    remedy: 'apt-get install pulseaudio-utils',
  }),
};
