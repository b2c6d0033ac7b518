import type { Journal } from '../log.js';
import type { SpeakerListener } from './speaker.js';

/** Options of `SpeakerWatch`. */
export interface SpeakerWatchOptions {
  /** The backend's name, asked when it matters. */
  backend: () => string;
  journal: Journal;
  /** A speaker that had been there is gone. */
  onLost: (why: string) => void;
}

/** Writes down how the speaker fares; the same failure of one retry after the other only once. */
export class SpeakerWatch implements SpeakerListener {
  readonly #options: SpeakerWatchOptions;
  #isReady = false;
  #lastLoss: string | undefined;

  constructor(options: SpeakerWatchOptions) {
    this.#options = options;
  }

  ready({ device }: { device: string }): void {
    this.#isReady = true;
    this.#lastLoss = undefined;
    this.#options.journal.record('speaker.ready', { backend: this.#options.backend(), device });
  }

  lost({ why }: { why: string }): void {
    if (why !== this.#lastLoss) this.#options.journal.record('speaker.lost', { why });
    this.#lastLoss = why;
    if (this.#isReady) this.#options.onLost(why);
    this.#isReady = false;
  }
}
