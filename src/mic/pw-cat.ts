import { PIPEWIRE_REMEDY, pipewireFormat, pipewireTarget } from '../pcm/pipewire-format.js';
import { type CaptureBackend, CHUNK_MS } from './child-microphone.js';

/** PipeWire's own recorder, from Debian's pipewire-bin. */
export const pwCatRecord: CaptureBackend = {
  name: 'pw-cat',
  spec: (device, format) => ({
    name: 'pw-cat',
    command: 'pw-cat',
    args: [...['--record', `--latency=${CHUNK_MS}ms`, ...pipewireTarget(device)], ...[...pipewireFormat(format), '-']],
    pcm: 'stdout',
    remedy: PIPEWIRE_REMEDY,
  }),
};
