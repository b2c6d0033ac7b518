import { HotwordError } from '../errors.js';
import type { Situation } from './engine.js';

/** Options of `Thresholds`. */
export interface ThresholdsOptions {
  phrases: readonly string[];
  /** The section of the configuration, as in `hotword.pocketsphinx`, for errors. */
  section: string;
  /** Holds where a phrase has none of its own. */
  threshold: number;
  /** Phrase → a threshold of its own. */
  thresholds?: Readonly<Record<string, number>> | undefined;
  /** Within a reply no threshold is below this. @default as at other times */
  replyThreshold?: number | undefined;
  /** In the middle of speech no threshold is below this. @default as after a pause */
  speechThreshold?: number | undefined;
}

/** The threshold of each phrase, now: its own or the common one, and within a reply the stricter of it and another. */
export class Thresholds {
  readonly #section: string;
  readonly #replyThreshold: number;
  readonly #speechThreshold: number;
  readonly #values: Map<string, number>;
  #situation: Situation = 'listening';

  /** Throws HotwordError naming the key of a value that is not above 0 and at most 1. */
  constructor(options: ThresholdsOptions) {
    const { phrases, section, threshold, thresholds = {}, replyThreshold = 0, speechThreshold = 0 } = options;
    this.#section = section;
    this.#replyThreshold = replyThreshold;
    this.#speechThreshold = speechThreshold;
    this.#values = new Map(
      phrases.map((phrase) => {
        const own = Object.hasOwn(thresholds, phrase) ? thresholds[phrase] : undefined;
        const key = own === undefined ? 'threshold' : `thresholds for ${JSON.stringify(phrase)}`;
        return [phrase, this.#checked(own ?? threshold, key)];
      }),
    );
  }

  /** Of every phrase, apart from replies. */
  get values(): ReadonlyMap<string, number> {
    return this.#values;
  }

  /** What counts as heard now; 1 for a phrase that nobody listens for. */
  of(phrase: string): number {
    const value = this.#values.get(phrase) ?? 1;
    return this.#situation === 'reply' ? Math.max(value, this.#replyThreshold) : value;
  }

  /** The same in the middle of speech. Over a reply everything is, so there it makes no difference. */
  inSpeech(phrase: string): number {
    const value = this.of(phrase);
    return this.#situation === 'reply' ? value : Math.max(value, this.#speechThreshold);
  }

  /** Throws HotwordError for a value out of range and for a phrase that nobody listens for. */
  set(phrase: string, threshold: number): void {
    if (!this.#values.has(phrase)) {
      throw new HotwordError(
        `nobody listens for ${JSON.stringify(phrase)}; the phrases are ${[...this.#values.keys()].join(', ')}`,
      );
    }
    this.#values.set(phrase, this.#checked(threshold, `thresholds for ${JSON.stringify(phrase)}`));
  }

  during(situation: Situation): void {
    this.#situation = situation;
  }

  #checked(value: number, key: string): number {
    if (value > 0 && value <= 1) return value;
    throw new HotwordError(`${this.#section}.${key} is ${value}; it is above 0 and at most 1`);
  }
}
