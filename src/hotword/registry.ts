import { HotwordError } from '../errors.js';
import type { Log } from '../log.js';
import type { HotwordEngine } from './engine.js';
import { createNone } from './none.js';
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
  pocketsphinx: {
    threshold: number;
    pronunciations: Readonly<Record<string, readonly string[]>>;
  };
}

type EngineFactory = (settings: HotwordSettings, log: Log) => Promise<HotwordEngine>;

/** Every engine by its name in `hotword.engine`. A new one is its own file and a row here. */
export const ENGINES: Readonly<Record<string, EngineFactory>> = {
  auto: automatic,
  porcupine,
  pocketsphinx: ({ phrases, pocketsphinx }) => createPocketsphinx({ phrases, ...pocketsphinx }),
  openwakeword: () =>
    Promise.reject(
      new HotwordError('hotword.engine "openwakeword" is not part of this version; use "pocketsphinx" or "auto"'),
    ),
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

/** Porcupine where a key is configured and accepted, else PocketSphinx. */
async function automatic(settings: HotwordSettings, log: Log): Promise<HotwordEngine> {
  if (settings.porcupine.accessKeyFile) {
    try {
      return await porcupine(settings);
    } catch (error) {
      if (!(error instanceof HotwordError)) throw error;
      log.warn({ why: error.message }, 'porcupine refuses; pocketsphinx listens instead');
    }
  }
  return createPocketsphinx({ phrases: settings.phrases, ...settings.pocketsphinx });
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
