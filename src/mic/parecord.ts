import { pulseFormat } from '../pcm/pulse-format.js';
import { type CaptureBackend, CHUNK_MS } from './child-microphone.js';

/** PulseAudio's recorder (also for PipeWire's PulseAudio server), from Debian's pulseaudio-utils. */
export const parecord: CaptureBackend = {
  name: 'parecord',
  spec: ({ device, rateHz, channel }) => {
    const format = { rateHz, bits: 16, channels: channel } as const;
    return {
      format,
      child: {
        name: 'parecord',
        command: 'parecord',
        args: [
          ...['--raw', '--client-name=tars-client', '--stream-name=microphone', `--latency-msec=${CHUNK_MS}`],
          ...(device === '' ? [] : [`--device=${device}`]),
          ...pulseFormat(format),
        ],
        pcm: 'stdout',
        remedy: 'apt-get install pulseaudio-utils',
      },
    };
  },
};
