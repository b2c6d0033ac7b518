import { PIPEWIRE_REMEDY, pipewireFormat, pipewireTarget } from '../pcm/pipewire-format.js';
import type { PlayerBackend } from './command-speaker.js';

const LATENCY_MS = 40;

/** PipeWire's own player, from Debian's pipewire-bin. */
export const pwCatPlay: PlayerBackend = {
  name: 'pw-cat',
  spec: ({ device }, format) => ({
    name: 'pw-cat',
    command: 'pw-cat',
    args: [
      ...['--playback', `--latency=${LATENCY_MS}ms`, ...pipewireTarget(device)],
      ...[...pipewireFormat(format), '-'],
    ],
    pcm: 'stdin',
    remedy: PIPEWIRE_REMEDY,
  }),
};
