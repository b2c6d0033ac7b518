import { bytesOfMs, frameBytes, type PcmFormat } from '../pcm/format.js';

/** Options of `FlatLine`. */
export interface FlatLineOptions {
  /** Of the device's own bytes. */
  format: PcmFormat;
  /** The channel that is heard, from 1. */
  channel: number;
  /** Zeros for so long, in milliseconds of sound, are no silence any more. */
  limitMs: number;
  /** There was noise before the first byte, when the same device was open before. */
  hadNoise: boolean;
}

/**
 * Tells a microphone that died from a quiet room: a converter always has some noise, so that a long run of zeros where
 * there was noise before is a device that hands on nothing. One that gave zeros from the start may be made that way.
 * Looks at all bits of the device: with less gain, or in 16 bits, the noise of a quiet room may be gone.
 */
export class FlatLine {
  readonly #limitBytes: number;
  readonly #frame: number;
  readonly #isHeard: (place: number) => boolean;
  #place = 0; // of the next byte in its frame
  #zeroBytes = 0;
  #hasNoise = false;
  readonly #hadNoise: boolean;

  constructor({ format, channel, limitMs, hadNoise }: FlatLineOptions) {
    const sample = format.bits / 8;
    this.#limitBytes = bytesOfMs(format, limitMs);
    this.#frame = frameBytes(format);
    this.#hadNoise = hadNoise;
    this.#isHeard = (place) => place >= (channel - 1) * sample && place < channel * sample;
  }

  /** Takes the next bytes, in blocks of any length; true once the limit is reached. */
  feed(bytes: Uint8Array): boolean {
    const placeOf = (at: number) => (this.#place + at) % this.#frame;
    const last = bytes.findLastIndex((byte, at) => byte !== 0 && this.#isHeard(placeOf(at)));
    if (last >= 0) {
      this.#hasNoise = true;
      // The zeros begin with the next frame.
      this.#zeroBytes = placeOf(last) - this.#frame - last;
    }
    this.#zeroBytes += bytes.length;
    this.#place = placeOf(bytes.length);
    return this.isFlat;
  }

  /** What it was fed last is a line of zeros that has reached the limit. */
  get isFlat(): boolean {
    return (this.#hadNoise || this.#hasNoise) && this.#zeroBytes >= this.#limitBytes;
  }

  /** There was noise in what it was fed. */
  get hasNoise(): boolean {
    return this.#hasNoise;
  }
}
