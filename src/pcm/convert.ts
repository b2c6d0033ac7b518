import { frameBytes, type PcmFormat } from './format.js';

/**
 * One channel (counted from 1) of interleaved PCM as 16-bit samples that the caller may keep and change. Of 24 and 32
 * bits the upper 16 stay. A last incomplete frame is left out. Throws RangeError when there is no such channel.
 */
export function toMono16(bytes: Uint8Array, format: PcmFormat, channel: number): Int16Array {
  if (!Number.isInteger(channel) || channel < 1 || channel > format.channels) {
    throw new RangeError(`channel ${channel} of sound with ${format.channels}: channels count from 1`);
  }
  const frame = frameBytes(format);
  const sampleBytes = format.bits / 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Int16Array(Math.floor(bytes.byteLength / frame));
  // Little-endian: the upper 16 bits are the last two bytes of a sample.
  let at = channel * sampleBytes - 2;
  for (let i = 0; i < samples.length; i++, at += frame) samples[i] = view.getInt16(at, true);
  return samples;
}
