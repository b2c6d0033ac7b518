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

/** Long enough that a step becomes no click, short enough to be no fade. */
const FADE_MS = 10;

/**
 * As `applyVolume`, from one volume to another: over the first 10 ms, or over all of it where it is shorter. 16-bit
 * sound only; other widths are given back as they are.
 */
export function fadeVolume(pcm: Uint8Array, format: PcmFormat, fromVolume: number, toVolume: number): Uint8Array {
  if (fromVolume === toVolume || format.bits !== 16) return applyVolume(pcm, format, toVolume);
  const { rateHz, channels } = format;
  const samples = samplesOf(pcm);
  const frames = Math.min(samples.length / channels, Math.round((rateHz * FADE_MS) / 1000));
  const from = fromVolume ** 2;
  const to = toVolume ** 2;
  const factor = (i: number) => from + (to - from) * Math.min(1, (Math.floor(i / channels) + 1) / frames);
  return bytesOf(samples.map((sample, i) => Math.round(sample * factor(i))));
}
