import { access, readFile } from 'node:fs/promises';
import { maskFile } from '../config/mask.js';
import { EngineMissingError, HotwordConfigError, HotwordError, messageOf } from '../errors.js';
import type { Detection, HotwordEngine } from './engine.js';

/** The part of Picovoice's class that is used. */
export interface PorcupineHandle {
  readonly frameLength: number;
  readonly sampleRate: number;
  /** Index of the keyword that ended in this frame, or -1. */
  process(frame: Int16Array): number;
  release(): void;
}

/** The part of the package `@picovoice/porcupine-node` that is used. */
interface PorcupinePackage {
  Porcupine: new (accessKey: string, keywords: string[], sensitivities: number[]) => PorcupineHandle;
  BuiltinKeyword: Readonly<Record<string, string>>;
}

/** Picovoice's library has been started and refuses; starting it again may cost another activation of the key. */
export class PorcupineRefusal extends HotwordError {}

/** Options of `createPorcupine`. */
export interface PorcupineOptions {
  phrases: readonly string[];
  /** File with the access key and nothing else. */
  accessKeyFile: string;
  /** Phrase → .ppn file or name of a built-in keyword. A phrase that is itself such a name needs no entry. */
  keywords: Readonly<Record<string, string>>;
  /** 0 to 1; higher hears more, rightly and wrongly. */
  sensitivity: number;
  /** Loads the package. @default the installed one */
  load?: () => Promise<PorcupinePackage>;
}

/**
 * Makes Picovoice's engine. Tries once: every start may count as an activation of the key. Throws
 * PorcupineRefusal when it does not start, and HotwordError when it is not even tried because the package, the file of
 * the key or a keyword is not right; both in words a person can act on.
 */
export async function createPorcupine(options: PorcupineOptions): Promise<HotwordEngine> {
  const { phrases, keywords, sensitivity, load = loadPackage } = options;
  const accessKey = await readAccessKey(options.accessKeyFile);
  const porcupine = await load();
  const builtIn = Object.values(porcupine.BuiltinKeyword);
  const models = phrases.map((phrase) => keywordOf(phrase, keywords, builtIn));
  for (const model of models) if (!builtIn.includes(model)) await checkKeywordFile(model);
  try {
    const handle = new porcupine.Porcupine(accessKey, models, new Array<number>(models.length).fill(sensitivity));
    return new PorcupineEngine(handle, phrases);
  } catch (error) {
    // Without the cause, and with the key masked: Picovoice quotes the key in its message, and errors get logged.
    const why = explain(error, options.accessKeyFile).replaceAll(accessKey, '***');
    throw new PorcupineRefusal(`the hotword engine porcupine does not start: ${why}`);
  }
}

async function loadPackage(): Promise<PorcupinePackage> {
  try {
    return (await import('@picovoice/porcupine-node')) as unknown as PorcupinePackage;
  } catch (error) {
    throw new EngineMissingError(
      `the package @picovoice/porcupine-node cannot be loaded (${messageOf(error)}); ` +
        'install it with npm install, or choose hotword.engine = "pocketsphinx"',
      { cause: error },
    );
  }
}

async function readAccessKey(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const shown = maskFile(path);
    const why = messageOf(error).replaceAll(path, shown);
    throw new HotwordConfigError(
      `hotword.porcupine.access_key_file: ${shown} cannot be read (${why}); put the key from console.picovoice.ai into a file and name that`,
      shown === path ? { cause: error } : {},
    );
  }
  const key = text.trim();
  const where = `hotword.porcupine.access_key_file: the key in ${path}`;
  if (key === '') throw new HotwordConfigError(`${where} is empty; copy it from console.picovoice.ai`);
  if (/\s/.test(key)) {
    throw new HotwordConfigError(
      `${where} has a line break or a blank inside; it is one line without blanks: copy it again`,
    );
  }
  if (!/^[A-Za-z0-9+/=_-]+$/.test(key)) {
    throw new HotwordConfigError(
      `${where} has characters that no key has (quotation marks?); put the bare key into the file`,
    );
  }
  return key;
}

function keywordOf(phrase: string, keywords: Readonly<Record<string, string>>, builtIn: readonly string[]): string {
  const model = (Object.hasOwn(keywords, phrase) ? keywords[phrase] : undefined) ?? phrase.toLowerCase();
  if (builtIn.includes(model) || model.endsWith('.ppn')) return model;
  throw new HotwordConfigError(
    `hotword.porcupine.keywords: ${JSON.stringify(model)} for the phrase ${JSON.stringify(phrase)} is neither a .ppn ` +
      `file nor built in; train one at console.picovoice.ai, or use one of ${builtIn.join(', ')}`,
  );
}

/** Before Picovoice's library looks, because its start may count as an activation. */
async function checkKeywordFile(path: string): Promise<void> {
  await access(path).catch((error: unknown) => {
    throw new HotwordConfigError(
      `hotword.porcupine.keywords: ${path} cannot be read (${messageOf(error)}); train it at console.picovoice.ai and put it there`,
      { cause: error },
    );
  });
}

/** Picovoice's error classes by name (its errors.ts); each with what helps. */
const REMEDIES: readonly (readonly [name: string, remedy: string])[] = [
  [
    'PorcupineActivationLimitReachedError',
    'the key is used on as many devices as it allows (00000136): remove one at console.picovoice.ai, or use another key',
  ],
  [
    'PorcupineActivationThrottledError',
    'the key was used too often in a short time: wait some hours before the next start',
  ],
  [
    'PorcupineActivationRefusedError',
    'Picovoice refuses the key: look at console.picovoice.ai whether it has expired or is paid for',
  ],
  [
    'PorcupineActivationError',
    'the key could not be checked: this machine must reach the internet, and its clock must be right',
  ],
  ['PorcupineKeyError', 'the key is not right: copy it again from console.picovoice.ai'],
  ['PorcupineIOError', 'a file cannot be read: look at the .ppn files of hotword.porcupine.keywords'],
];

function explain(error: unknown, accessKeyFile: string): string {
  const text = messageOf(error).trim().replace(/\s+/g, ' ');
  const name = error instanceof Error ? error.constructor.name : '';
  const known = REMEDIES.find(([each]) => each === name);
  if (known) return `${known[1]} (${text})`;
  if (/cpu/i.test(text)) {
    return `it does not know this processor: choose hotword.engine = "pocketsphinx"; in a service, ProcSubset=pid hides /proc/cpuinfo from it (${text})`;
  }
  if (/key/i.test(text) && !/keyword/i.test(text)) {
    return `the key in ${accessKeyFile} is not right: copy it again from console.picovoice.ai (${text})`;
  }
  return `${text}; look at the key, and at hotword.porcupine.keywords: a .ppn file is for one platform and one language`;
}

/** Half a second of silence pushes out what the engine still remembers; it has no reset of its own. */
const RESET_MS = 500;

class PorcupineEngine implements HotwordEngine {
  readonly name = 'porcupine';
  readonly phrases: readonly string[];
  readonly rateHz: number;
  readonly chunkSamples: number;
  #handle: PorcupineHandle | undefined;
  readonly #silence: Int16Array;

  constructor(handle: PorcupineHandle, phrases: readonly string[]) {
    this.phrases = phrases;
    this.rateHz = handle.sampleRate;
    this.chunkSamples = handle.frameLength;
    this.#handle = handle;
    this.#silence = new Int16Array(handle.frameLength);
  }

  /** Porcupine tells neither how sure it is nor when the phrase ended: the score is 1 and the end is now. */
  process(chunk: Int16Array): Detection | undefined {
    const phrase = this.phrases[this.#run(chunk)];
    return phrase === undefined ? undefined : { phrase, score: 1, endedSamplesAgo: 0 };
  }

  reset(): void {
    const chunks = Math.ceil((this.rateHz * RESET_MS) / 1000 / this.chunkSamples);
    for (let i = 0; i < chunks; i++) this.#run(this.#silence);
  }

  close(): void {
    this.#handle?.release();
    this.#handle = undefined;
  }

  #run(chunk: Int16Array): number {
    if (!this.#handle) throw new HotwordError('this porcupine engine is closed');
    try {
      return this.#handle.process(chunk);
    } catch (error) {
      throw new HotwordError(`the hotword engine porcupine failed: ${messageOf(error)}`, { cause: error });
    }
  }
}
