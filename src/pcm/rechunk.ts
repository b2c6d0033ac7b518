/**
 * Takes one chunk. The array is the same at every call and holds the next chunk after it: whoever keeps samples copies
 * them. `end` is the absolute position behind the chunk's last sample.
 */
export type ChunkSink = (chunk: Int16Array, end: number) => void;

/** Cuts a stream of samples in blocks of any length into chunks of one length, without allocating for each. */
export class Rechunker {
  readonly #chunk: Int16Array;
  readonly #sink: ChunkSink;
  #filled = 0;
  #position = 0;

  /** @param chunkSamples length of every chunk, at least 1. */
  constructor(chunkSamples: number, sink: ChunkSink) {
    if (!Number.isInteger(chunkSamples) || chunkSamples < 1) {
      throw new RangeError(`a chunk has a whole number of samples from 1, not ${chunkSamples}`);
    }
    this.#chunk = new Int16Array(chunkSamples);
    this.#sink = sink;
  }

  /** Absolute position of the next sample to be pushed: the samples pushed so far, where `reset` named no other. */
  get position(): number {
    return this.#position;
  }

  /** Hands on every chunk that these samples complete; the rest waits for the next call. */
  push(samples: Int16Array): void {
    const size = this.#chunk.length;
    for (let at = 0; at < samples.length; ) {
      const take = Math.min(size - this.#filled, samples.length - at);
      // A loop, because `subarray` would make an object for each chunk.
      for (let i = 0; i < take; i++) this.#chunk[this.#filled + i] = samples[at + i] ?? 0;
      at += take;
      this.#filled += take;
      this.#position += take;
      if (this.#filled === size) {
        this.#filled = 0;
        this.#sink(this.#chunk, this.#position);
      }
    }
  }

  /** Drops the samples of an unfinished chunk. The next sample is the one at `position`; by default nothing was left out. */
  reset(position: number = this.#position): void {
    this.#filled = 0;
    this.#position = position;
  }
}
