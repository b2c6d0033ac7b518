import type { PcmFormat } from './format.js';

/** A format as arguments of arecord and aplay. */
export function alsaFormat({ rateHz, bits, channels }: PcmFormat): string[] {
  // ALSA's S24_LE has four bytes a sample.
  const format = bits === 24 ? 'S24_3LE' : `S${bits}_LE`;
  return ['--file-type', 'raw', '--format', format, '--rate', String(rateHz), '--channels', String(channels)];
}
