/** Bits a sample may have. */
export type SampleBits = 16 | 24 | 32;

/** True for a number of bits that samples may have. */
export function isSampleBits(bits: number): bits is SampleBits {
  return bits === 16 || bits === 24 || bits === 32;
}

/** How raw PCM is laid out. Samples are signed, little-endian and interleaved. */
export interface PcmFormat {
  /** Frames a second, in hertz. */
  rateHz: number;
  /** Bits a sample. */
  bits: SampleBits;
  /** Samples a frame; mono is 1. */
  channels: number;
}

/** What the hotword engines and the GemiTARS wire speak: 16 kHz, 16 bit, mono. */
export const SPEECH_FORMAT: PcmFormat = Object.freeze({ rateHz: 16_000, bits: 16, channels: 1 });

/** Whether there is sound of so many samples a second; a damaged header says anything. */
export function isRate(rateHz: number): boolean {
  return rateHz >= 1000 && rateHz <= 768_000;
}

/** Bytes of one frame (one sample of every channel). */
export function frameBytes(format: PcmFormat): number {
  return (format.bits / 8) * format.channels;
}

/** Bytes of a duration, rounded down to whole frames. */
export function bytesOfMs(format: PcmFormat, durationMs: number): number {
  return Math.floor((format.rateHz * durationMs) / 1000) * frameBytes(format);
}

/** Milliseconds that a number of bytes plays. */
export function msOfBytes(format: PcmFormat, bytes: number): number {
  return (bytes / frameBytes(format) / format.rateHz) * 1000;
}

/** The bytes of samples as they lie in memory, without a copy (little-endian hosts, which all supported ones are). */
export function bytesOf(samples: Int16Array): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

/**
 * 16-bit samples of a block of bytes: a view where the bytes are aligned, a copy where they are not. A last odd
 * byte is left out.
 */
export function samplesOf(bytes: Uint8Array): Int16Array {
  const count = bytes.byteLength >> 1;
  if (bytes.byteOffset % 2 === 0) return new Int16Array(bytes.buffer, bytes.byteOffset, count);
  const aligned = new Uint8Array(count * 2);
  aligned.set(bytes.subarray(0, count * 2));
  return new Int16Array(aligned.buffer);
}
