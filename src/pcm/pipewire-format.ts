import type { PcmFormat } from './format.js';

/** A format as arguments of pw-cat, for raw sound on its standard streams. Older ones have no `--raw` (Debian 12's 0.3). */
export function pipewireFormat({ rateHz, bits, channels }: PcmFormat): string[] {
  return ['--raw', `--rate=${rateHz}`, `--format=s${bits}`, `--channels=${channels}`];
}

/** What to do where there is no pw-cat, or an old one. */
export const PIPEWIRE_REMEDY = 'apt-get install pipewire-bin (with PipeWire 0.3 use parecord and pacat instead)';

/**
 * A device as arguments of pw-cat, by the name that PipeWire's PulseAudio server gives it: the monitor of a loudspeaker is
 * its node, captured. Without further words PipeWire would take another device where this one is not there.
 */
export function pipewireTarget(device: string): string[] {
  if (device === '') return [];
  const [, sink] = /^(.+)\.monitor$/.exec(device) ?? [];
  const properties = ['node.dont-fallback=true', ...(sink === undefined ? [] : ['stream.capture.sink=true'])];
  return [`--target=${sink ?? device}`, `--properties={ ${properties.join(' ')} }`];
}
