import { readFile } from 'node:fs/promises';
import { EngineMissingError, HotwordConfigError, messageOf } from '../errors.js';
import { guessPronunciation } from './letter-to-sound.js';

/** The phones of the CMU dictionary (ARPAbet without stress), which the English model knows. */
export const PHONES: readonly string[] =
  'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH'.split(' ');

/** Words that people want and the dictionary has not. */
const READY_MADE: ReadonlyMap<string, readonly string[]> = new Map([['tars', ['T AA R Z']]]);

/** Each word of some phrases with its pronunciations, phones separated by blanks. */
export type Pronunciations = ReadonlyMap<string, readonly string[]>;

/** Options of `pronounce`. */
export interface PronounceOptions {
  phrases: readonly string[];
  /** `hotword.pocketsphinx.pronunciations`: these win over the dictionary. */
  given: Readonly<Record<string, readonly string[]>>;
  /** Path of a dictionary in the CMU form: `word PH OW N Z`, further ones as `word(2) …`. */
  dictionaryFile: string;
  /** Is told of a word that no dictionary has, and how it is taken to be said. */
  onGuess?: ((word: string, phones: string) => void) | undefined;
}

/** The words of a phrase as a dictionary has them: small letters, no punctuation. Throws HotwordError when there is none. */
export function wordsOf(phrase: string): string[] {
  const words = wordsIn(phrase);
  if (words.length === 0) {
    throw new HotwordConfigError(
      `the phrase ${JSON.stringify(phrase)} in hotword.phrases has no word; write it as it is said`,
    );
  }
  return words;
}

/** Says whether this is one word as `wordsOf` tells it, in small letters or capitals. */
export function isWord(text: string): boolean {
  return wordsIn(text)[0] === text.toLowerCase();
}

function wordsIn(phrase: string): string[] {
  return phrase
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}'._-]+/gu, ' ')
    .split(' ')
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
}

/**
 * Finds how every word of the phrases is said: as given, else ready-made, else from the dictionary, else guessed from its letters.
 * Throws HotwordError for a word nobody knows, a phone that does not exist, and a dictionary that cannot be read.
 */
export async function pronounce(options: PronounceOptions): Promise<Pronunciations> {
  const given = checked(options.given);
  const words = new Set(options.phrases.flatMap(wordsOf));
  const found = new Map<string, readonly string[]>();
  const unknown: string[] = [];
  for (const word of words) {
    const known = given.get(word) ?? READY_MADE.get(word);
    if (known) found.set(word, known);
    else unknown.push(word);
  }
  if (unknown.length === 0) return found;
  const dictionary = await readDictionary(options.dictionaryFile);
  for (const word of unknown) {
    const known = lookUp(dictionary, word);
    const guess = known.length === 0 ? guessPronunciation(word) : undefined;
    if (guess !== undefined) options.onGuess?.(word, guess);
    else if (known.length === 0) throw unpronounceable(word);
    found.set(word, guess === undefined ? known : [guess]);
  }
  return found;
}

/** The text of a dictionary with these words and no others. */
export function dictionaryText(pronunciations: Pronunciations): string {
  let text = '';
  for (const [word, variants] of pronunciations) {
    variants.forEach((phones, i) => {
      text += `${entryOf(word, i)} ${phones}\n`;
    });
  }
  return text;
}

/** Each way more costs the decoder time. */
const WAYS_MAX = 12;

/**
 * The ways to say a phrase, each as the entries of `dictionaryText` with blanks between them: the decoder takes a word
 * for its first pronunciation only. At most 12, those first in which few words are said in a rarer way.
 */
export function waysToSay(phrase: string, pronunciations: Pronunciations): string[] {
  let ways: { entries: string; rarity: number }[] = [{ entries: '', rarity: 0 }];
  for (const word of wordsOf(phrase)) {
    const variants = pronunciations.get(word) ?? [];
    ways = ways
      .flatMap(({ entries, rarity }) =>
        variants.map((_, i) => ({ entries: `${entries} ${entryOf(word, i)}`.trim(), rarity: rarity + i })),
      )
      .sort((a, b) => a.rarity - b.rarity)
      .slice(0, WAYS_MAX);
  }
  return ways.map(({ entries }) => entries);
}

/** How a dictionary in the CMU form calls a pronunciation of a word. */
function entryOf(word: string, variant: number): string {
  return variant === 0 ? word : `${word}(${variant + 1})`;
}

function checked(given: Readonly<Record<string, readonly string[]>>): Map<string, readonly string[]> {
  const result = new Map<string, readonly string[]>();
  for (const [word, variants] of Object.entries(given)) {
    if (variants.length === 0) throw unpronounceable(word);
    result.set(
      word.toLowerCase(),
      variants.map((variant) => checkedPhones(word, variant)),
    );
  }
  return result;
}

function checkedPhones(word: string, variant: string): string {
  // Dictionaries on the web write the stress as a digit, which this model does not use.
  const phones = variant
    .toUpperCase()
    .split(/\s+/)
    .filter((phone) => phone !== '')
    .map((phone) => phone.replace(/[0-2]$/, ''));
  if (phones.length === 0) throw unpronounceable(word);
  const wrong = phones.find((phone) => !PHONES.includes(phone));
  if (wrong !== undefined) {
    throw new HotwordConfigError(
      `hotword.pocketsphinx.pronunciations: ${JSON.stringify(wrong)} in ${JSON.stringify(variant)} for ` +
        `${JSON.stringify(word)} is no phone; the ${PHONES.length} phones are ${PHONES.join(' ')}`,
    );
  }
  return phones.join(' ');
}

async function readDictionary(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new EngineMissingError(
      `the dictionary ${path} cannot be read (${messageOf(error)}); install the package pocketsphinx-en-us`,
      { cause: error },
    );
  }
}

/** Searches the bytes, because splitting 134,000 lines would take longer than loading the engine. */
function lookUp(dictionary: Buffer, word: string): string[] {
  const variants: string[] = [];
  for (;;) {
    const entry = `${entryOf(word, variants.length)} `;
    const start = lineStart(dictionary, entry);
    if (start === -1) return variants;
    const end = dictionary.indexOf('\n', start);
    const line = dictionary.toString('utf8', start, end === -1 ? dictionary.length : end);
    variants.push(line.slice(entry.length).trim());
  }
}

function lineStart(dictionary: Buffer, beginning: string): number {
  const bytes = Buffer.from(`\n${beginning}`);
  if (dictionary.indexOf(bytes.subarray(1)) === 0) return 0;
  const at = dictionary.indexOf(bytes);
  return at === -1 ? -1 : at + 1;
}

function unpronounceable(word: string): HotwordConfigError {
  return new HotwordConfigError(
    `nobody knows how ${JSON.stringify(word)} is said; tell it in the configuration, for instance ` +
      `[hotword.pocketsphinx] pronunciations = { ${JSON.stringify(word)} = ["T AA R Z"] } (the phones are ${PHONES.join(' ')})`,
  );
}
