import type { PcmFormat } from './format.js';

/** A format as arguments of pw-cat, for raw sound on its standard streams. Needs PipeWire 1.2 for `--raw`. */
export function pipewireFormat({ rateHz, bits, channels }: PcmFormat): string[] {
  return ['--raw', `--rate=${rateHz}`, `--format=s${bits}`, `--channels=${channels}`];
}

/** What to do where there is no pw-cat, or an old one. */
export const PIPEWIRE_REMEDY = 'apt-get install pipewire-bin (1.2 or newer; with an older one use parecord and pacat)';
