/** Options of `FlatLine`. */
export interface FlatLineOptions {
  /** Samples a second, in hertz. */
  rateHz: number;
  /** Zeros for so long, in milliseconds of sound, are no silence any more. */
  limitMs: number;
}

/**
 * Tells a microphone that died from a quiet room: a converter always has some noise, so that a long run of zeros where
 * there was noise before is a device that hands on nothing. One that gave zeros from the start may be made that way.
 */
export class FlatLine {
  readonly #limitSamples: number;
  #zeros = 0;
  #hadNoise = false;

  constructor({ rateHz, limitMs }: FlatLineOptions) {
    this.#limitSamples = (rateHz * limitMs) / 1000;
  }

  /** Takes the next samples; true once the limit is reached. */
  feed(samples: Int16Array): boolean {
    const last = samples.findLastIndex((sample) => sample !== 0);
    if (last >= 0) {
      this.#hadNoise = true;
      this.#zeros = 0;
    }
    this.#zeros += samples.length - 1 - last;
    return this.#hadNoise && this.#zeros >= this.#limitSamples;
  }
}
