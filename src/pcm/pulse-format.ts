import type { PcmFormat } from './format.js';

/** A format as arguments of PulseAudio's programs. Channels are left as the device has them. */
export function pulseFormat({ rateHz, bits, channels }: PcmFormat): string[] {
  return [
    ...[`--rate=${rateHz}`, `--format=s${bits}le`, `--channels=${channels}`],
    ...(channels > 1 ? ['--no-remap', '--no-remix'] : []),
  ];
}
