import { frameBytes, type PcmFormat } from './format.js';
import { softLimit } from './limiter.js';

/**
 * One channel (counted from 1) of interleaved PCM as 16-bit samples that the caller may keep and change. Without a gain
 * the upper 16 of 24 and 32 bits stay; with one, all bits are amplified by that factor, limited and rounded. A last
 * incomplete frame is left out. Throws RangeError when there is no such channel.
 */
export function toMono16(bytes: Uint8Array, format: PcmFormat, channel: number, gain = 1): Int16Array {
  if (!Number.isInteger(channel) || channel < 1 || channel > format.channels) {
    throw new RangeError(`channel ${channel} of sound with ${format.channels}: channels count from 1`);
  }
  const frame = frameBytes(format);
  const sampleBytes = format.bits / 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Int16Array(Math.floor(bytes.byteLength / frame));
  // Little-endian: the upper 16 bits are the last two bytes of a sample.
  let at = channel * sampleBytes - 2;
  for (let i = 0; i < samples.length; i++, at += frame) {
    const upper = view.getInt16(at, true);
    samples[i] = gain === 1 ? upper : Math.round(softLimit((upper + lowerBits(view, at, sampleBytes)) * gain));
  }
  return samples;
}

/** What lies below the upper 16 bits at `at`, as a fraction of them: quiet microphones have their voice there. */
function lowerBits(view: DataView, at: number, sampleBytes: number): number {
  if (sampleBytes === 2) return 0;
  return sampleBytes === 3 ? view.getUint8(at - 1) / 256 : view.getUint16(at - 2, true) / 65_536;
}
