import { messageOf } from './errors.js';
import type { Log } from './log.js';

/** What somebody may look at: a terminal, a page. */
export interface Meter<T> {
  /** Calls `reader` with every reading from now on; the returned function ends it, and may be called twice. */
  watch(reader: (reading: T) => void): () => void;
}

/** Options of `MeterSource`. */
export interface MeterSourceOptions {
  /** Called when the first reader comes and when the last one goes. */
  onWatched?: (isWatched: boolean) => void;
  log: Pick<Log, 'error'>;
}

/**
 * A meter and the hand that moves it. Costs nothing while nobody looks: take a reading only where `isWatched`, or only
 * between `onWatched(true)` and `onWatched(false)`. A reader that throws is reported, and reads no more.
 */
export class MeterSource<T> implements Meter<T> {
  readonly #options: MeterSourceOptions;
  readonly #readers = new Map<object, (reading: T) => void>();

  constructor(options: MeterSourceOptions) {
    this.#options = options;
  }

  get isWatched(): boolean {
    return this.#readers.size > 0;
  }

  watch(reader: (reading: T) => void): () => void {
    const key = {};
    this.#readers.set(key, reader);
    if (this.#readers.size === 1) this.#options.onWatched?.(true);
    return () => this.#forget(key);
  }

  /** Gives a reading to everybody who looks. */
  show(reading: T): void {
    for (const [key, read] of this.#readers) {
      try {
        read(reading);
      } catch (error) {
        this.#options.log.error({ why: messageOf(error) }, 'a reader of a meter failed');
        this.#forget(key);
      }
    }
  }

  #forget(key: object): void {
    if (this.#readers.delete(key) && this.#readers.size === 0) this.#options.onWatched?.(false);
  }
}
