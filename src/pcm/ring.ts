/** A stretch of samples and where it lies. */
export interface Stretch {
  /** A copy that the caller may keep. */
  samples: Int16Array;
  /** Absolute position of its first sample. */
  start: number;
}

/**
 * The last `capacity` samples of an endless stream, in memory allocated once. A position is the number of samples
 * of the stream before it, so it stays valid as a name when the samples themselves are gone.
 */
export class SampleRing {
  readonly #buffer: Int16Array;
  #end: number;
  #kept = 0;

  /**
   * @param capacity in samples, at least 1.
   * @param position of the first sample that will be written, where this ring goes on with the stream of another.
   */
  constructor(capacity: number, position = 0) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`a ring holds a whole number of samples from 1, not ${capacity}`);
    }
    this.#buffer = new Int16Array(capacity);
    this.#end = position;
  }

  /** Position behind the last sample written: the position that the next one will have. */
  get end(): number {
    return this.#end;
  }

  /** Position of the oldest sample that is still there; equals `end` when there is none. */
  get start(): number {
    return this.#end - this.#kept;
  }

  /** Appends samples; of more than the ring holds, the last ones stay. */
  write(samples: Int16Array): void {
    const capacity = this.#buffer.length;
    const tail = samples.length > capacity ? samples.subarray(samples.length - capacity) : samples;
    const at = (this.#end + samples.length - tail.length) % capacity;
    const room = capacity - at;
    if (tail.length <= room) {
      this.#buffer.set(tail, at);
    } else {
      this.#buffer.set(tail.subarray(0, room), at);
      this.#buffer.set(tail.subarray(room), 0);
    }
    this.#end += samples.length;
    this.#kept = Math.min(capacity, this.#kept + samples.length);
  }

  /** Everything from `position` to `end`; from `start` where that is later, nothing where `position` is yet to come. */
  readFrom(position: number): Stretch {
    const start = Math.min(this.#end, Math.max(this.start, Math.floor(position)));
    const samples = new Int16Array(this.#end - start);
    const at = start % this.#buffer.length;
    const first = Math.min(samples.length, this.#buffer.length - at);
    samples.set(this.#buffer.subarray(at, at + first));
    samples.set(this.#buffer.subarray(0, samples.length - first), first);
    return { samples, start };
  }

  /** Wipes every sample (muting does that); positions go on. */
  clear(): void {
    this.#buffer.fill(0);
    this.#kept = 0;
  }
}
