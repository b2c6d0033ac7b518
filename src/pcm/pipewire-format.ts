import type { PcmFormat } from './format.js';

/** A format as arguments of pw-cat, for raw sound on its standard streams. Older ones have no `--raw` (Debian 12's 0.3). */
export function pipewireFormat({ rateHz, bits, channels }: PcmFormat): string[] {
  return ['--raw', `--rate=${rateHz}`, `--format=s${bits}`, `--channels=${channels}`];
}

/** What to do where there is no pw-cat, or an old one. */
export const PIPEWIRE_REMEDY = 'apt-get install pipewire-bin (with PipeWire 0.3 use parecord and pacat instead)';
