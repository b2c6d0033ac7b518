import { HotwordConfigError } from '../errors.js';
import type { HotwordEngine } from './engine.js';
import { createNone } from './none.js';
import { createOpenWakeWord } from './openwakeword.js';
import { createPocketsphinx } from './pocketsphinx.js';
import { createPorcupine } from './porcupine.js';

/** What is set under `[hotword]`. */
export interface HotwordSettings {
  /** A name of the table below, or `auto`. */
  engine: string;
  phrases: readonly string[];
  /** 0 to 1; Porcupine's. */
  sensitivity: number;
  porcupine: {
    /** Empty or absent: Porcupine is not configured. */
    accessKeyFile?: string | undefined;
    keywords: Readonly<Record<string, string>>;
  };
  openwakeword: {
    /** The folder of the two models that all phrases share. */
    frontEndDir: string;
    /** Phrase → .onnx file. */
    models: Readonly<Record<string, string>>;
    threshold: number;
    /** Phrase → its own threshold. */
    thresholds?: Readonly<Record<string, number>>;
    /** No threshold is below this within a reply. */
    replyThreshold?: number;
  };
  pocketsphinx: {
    threshold: number;
    /** Phrase → its own threshold. */
    thresholds?: Readonly<Record<string, number>>;
    /** No threshold is below this within a reply. */
    replyThreshold?: number;
    /** No threshold is below this in the middle of speech. */
    speechThreshold?: number;
    pronunciations: Readonly<Record<string, readonly string[]>>;
  };
}

/** Makes one engine. Throws HotwordError, with the remedy, when it cannot be had. */
export type EngineFactory = (settings: HotwordSettings, log?: EngineLog) => Promise<HotwordEngine>;

/** The levels of a log that engines use. */
export type EngineLog = Readonly<
  Record<'debug' | 'warn' | 'error', (fields: Readonly<Record<string, unknown>>, text: string) => void>
>;

/** Every engine by its name in `hotword.engine`; besides there is `auto`. A new one is its own file and a row here. */
export const ENGINES = {
  porcupine: async ({ phrases, sensitivity, porcupine: { accessKeyFile, keywords } }) => {
    if (accessKeyFile) return createPorcupine({ phrases, accessKeyFile, keywords, sensitivity });
    throw new HotwordConfigError(
      'hotword.engine "porcupine" needs hotword.porcupine.access_key_file; or choose "pocketsphinx"',
    );
  },
  openwakeword: ({ phrases, openwakeword }) => createOpenWakeWord({ phrases, ...openwakeword }),
  pocketsphinx: ({ phrases, pocketsphinx }, log) => {
    const onGuess = (word: string, phones: string) => {
      const line = `[hotword.pocketsphinx] pronunciations = { ${JSON.stringify(word)} = [${JSON.stringify(phones)}] }`;
      log?.warn(
        { word, phones },
        `no dictionary has this word, and how it is said is a guess; if it is wrong, change: ${line}`,
      );
    };
    return createPocketsphinx({ phrases, ...pocketsphinx, onGuess });
  },
  none: async () => createNone(),
} as const satisfies Record<string, EngineFactory>;

/** The name of an engine. */
export type EngineName = keyof typeof ENGINES;

/** True for the name of an engine. */
export function isEngine(name: string): name is EngineName {
  return Object.hasOwn(ENGINES, name);
}
