import { HotwordError } from '../errors.js';
import type { Log } from '../log.js';
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
  };
  pocketsphinx: {
    threshold: number;
    /** Phrase → its own threshold. */
    thresholds?: Readonly<Record<string, number>>;
    pronunciations: Readonly<Record<string, readonly string[]>>;
  };
}

type EngineFactory = (settings: HotwordSettings, log: Log) => Promise<HotwordEngine>;

/** Every engine by its name in `hotword.engine`. A new one is its own file and a row here. */
export const ENGINES: Readonly<Record<string, EngineFactory>> = {
  auto: automatic,
  porcupine,
  pocketsphinx: ({ phrases, pocketsphinx }) => createPocketsphinx({ phrases, ...pocketsphinx }),
  openwakeword: ({ phrases, openwakeword }) => createOpenWakeWord({ phrases, ...openwakeword }),
  none: async () => createNone(),
};

/** Makes the engine that the settings name. Throws HotwordError, with the remedy, when it cannot be had. */
export async function createEngine(settings: HotwordSettings, log: Log): Promise<HotwordEngine> {
  const factory = Object.hasOwn(ENGINES, settings.engine) ? ENGINES[settings.engine] : undefined;
  if (!factory) {
    throw new HotwordError(
      `hotword.engine ${JSON.stringify(settings.engine)} does not exist; choose one of ${Object.keys(ENGINES).join(', ')}`,
    );
  }
  return factory(settings, log);
}

/** Porcupine where a key is configured, else openWakeWord where models are, else PocketSphinx; each where the former refuses. */
async function automatic(settings: HotwordSettings, log: Log): Promise<HotwordEngine> {
  const { phrases, openwakeword, pocketsphinx } = settings;
  const candidates: [name: string, isConfigured: boolean, make: () => Promise<HotwordEngine>][] = [
    ['porcupine', Boolean(settings.porcupine.accessKeyFile), () => porcupine(settings)],
    [
      'openwakeword',
      Object.keys(openwakeword.models).length > 0,
      () => createOpenWakeWord({ phrases, ...openwakeword }),
    ],
  ];
  for (const [name, isConfigured, make] of candidates) {
    if (!isConfigured) continue;
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof HotwordError)) throw error;
      log.warn({ engine: name, why: error.message }, 'this hotword engine refuses; the next one listens instead');
    }
  }
  return createPocketsphinx({ phrases, ...pocketsphinx });
}

async function porcupine(settings: HotwordSettings): Promise<HotwordEngine> {
  const { accessKeyFile, keywords } = settings.porcupine;
  if (!accessKeyFile) {
    throw new HotwordError(
      'hotword.engine "porcupine" needs hotword.porcupine.access_key_file; or choose "pocketsphinx"',
    );
  }
  return createPorcupine({ phrases: settings.phrases, accessKeyFile, keywords, sensitivity: settings.sensitivity });
}
