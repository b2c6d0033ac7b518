import { bytesOf, type PcmFormat, samplesOf } from './format.js';

/**
 * PCM made quieter: `volume` 1 gives the very same bytes back, 0 is silence. The scale is the square of the volume,
 * which the ear finds about even. 16-bit sound only; other widths are given back as they are.
 */
export function applyVolume(pcm: Uint8Array, format: PcmFormat, volume: number): Uint8Array {
  if (volume === 1 || format.bits !== 16) return pcm;
  const factor = volume * volume;
  return bytesOf(samplesOf(pcm).map((sample) => Math.round(sample * factor)));
}
