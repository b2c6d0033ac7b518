import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HotwordConfigError } from '../errors.js';
import type { Situation } from './engine.js';
import type { Pointer, SphinxLibrary } from './sphinx-library.js';
import type { Thresholds } from './thresholds.js';

/** Options of `SphinxSearches`. */
export interface SphinxSearchesOptions {
  sphinx: SphinxLibrary;
  decoder: Pointer;
  /** The phrase as the decoder knows it → as it is written in the configuration. */
  spoken: ReadonlyMap<string, string>;
  thresholds: Thresholds;
}

const SITUATIONS: readonly Situation[] = ['listening', 'reply'];

/**
 * What a decoder searches for: the phrases, once with the thresholds of each situation, so that a change of situation
 * costs no file. Everything here is done between utterances.
 */
export class SphinxSearches {
  readonly #options: SphinxSearchesOptions;
  #situation: Situation = 'listening';

  /** Throws HotwordError when the decoder does not take the phrases. */
  constructor(options: SphinxSearchesOptions) {
    this.#options = options;
    this.#load();
  }

  /** Another threshold for a phrase. Throws HotwordError for a value out of range and an unknown phrase. */
  set(phrase: string, threshold: number): void {
    this.#options.thresholds.set(phrase, threshold);
    this.#load();
  }

  /**
   * Takes over a situation with the same thresholds, in the middle of an utterance. False, and nothing done, for any other,
   * and where what was refused in this utterance, as said in the middle of speech, would now count.
   */
  stayDuring(situation: Situation): boolean {
    const { thresholds } = this.#options;
    const before = [...thresholds.values.keys()].map((phrase) => ({
      phrase,
      own: thresholds.of(phrase),
      inSpeech: thresholds.inSpeech(phrase),
    }));
    thresholds.during(situation);
    const isSame = before.every(
      ({ phrase, own, inSpeech }) => thresholds.of(phrase) === own && thresholds.inSpeech(phrase) >= inSpeech,
    );
    if (isSame) this.#situation = situation;
    else thresholds.during(this.#situation);
    return isSame;
  }

  during(situation: Situation): void {
    this.#options.thresholds.during(situation);
    this.#situation = situation;
    this.#select();
  }

  /** The decoder reads a file, which lives no longer than this call. */
  #load(): void {
    const { sphinx, decoder, spoken, thresholds } = this.#options;
    const dir = mkdtempSync(join(tmpdir(), 'tars-hotword-'));
    try {
      for (const situation of SITUATIONS) {
        thresholds.during(situation);
        const file = join(dir, situation);
        const lines = [...spoken].map(([words, phrase]) => `${words} /${thresholds.of(phrase)}/\n`);
        writeFileSync(file, lines.join(''));
        if (sphinx.setKeyphraseFile(decoder, situation, file) < 0) this.#refuse();
      }
    } finally {
      thresholds.during(this.#situation);
      rmSync(dir, { recursive: true, force: true });
    }
    this.#select();
  }

  #select(): void {
    if (this.#options.sphinx.setSearch(this.#options.decoder, this.#situation) < 0) this.#refuse();
  }

  #refuse(): never {
    throw new HotwordConfigError(
      `pocketsphinx cannot listen for ${[...new Set(this.#options.spoken.values())].join(', ')}; try other phrases`,
    );
  }
}
