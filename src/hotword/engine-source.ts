import { EngineMissingError, HotwordConfigError, HotwordError, messageOf } from '../errors.js';
import type { HotwordEngine } from './engine.js';
import { PorcupineRefusal } from './porcupine.js';
import {
  ENGINES,
  type EngineFactory,
  type EngineLog,
  type EngineName,
  type HotwordSettings,
  isEngine,
} from './registry.js';

/** What became of earlier engines, so that sources in threads one after the other are as one. */
export interface EngineHistory {
  /** Engines whose refusal has been told. */
  givenUp: readonly EngineName[];
  isPorcupineSpent: boolean;
}

/** Before the first engine. */
export const NEW_HISTORY: EngineHistory = Object.freeze({ givenUp: [], isPorcupineSpent: false });

/** Options of `EngineSource`. */
export interface EngineSourceOptions {
  settings: HotwordSettings;
  log: EngineLog;
  /** @default nothing has happened yet */
  history?: EngineHistory;
  /** Called with every change, before Porcupine is started: it may be the end of the thread. */
  onHistory?: (history: EngineHistory) => void;
  /** @default the table of the registry */
  engines?: Readonly<Record<EngineName, EngineFactory>>;
}

/**
 * Makes the engine of `hotword.engine`, and another one where that has failed. Porcupine is started at most once in the
 * life of a source, whatever becomes of it, because each start may count as an activation of the key; after that, and
 * with `auto`, the next engine that can listen takes its place: Porcupine where a key is configured, openWakeWord where
 * models are, PocketSphinx, none.
 */
export class EngineSource {
  readonly #settings: HotwordSettings;
  readonly #log: EngineLog;
  readonly #engines: Readonly<Record<EngineName, EngineFactory>>;
  readonly #onHistory: (history: EngineHistory) => void;
  #history: EngineHistory;

  constructor(options: EngineSourceOptions) {
    const { settings, log, engines = ENGINES, history = NEW_HISTORY, onHistory = () => undefined } = options;
    this.#settings = settings;
    this.#log = log;
    this.#engines = engines;
    this.#history = history;
    this.#onHistory = onHistory;
  }

  /** Throws HotwordError, with the remedy, for what only a person can mend. */
  async make(): Promise<HotwordEngine> {
    const name = this.#settings.engine;
    if (name === 'auto') return this.#first(this.#candidates());
    if (!isEngine(name)) {
      throw new HotwordConfigError(
        `hotword.engine ${JSON.stringify(name)} does not exist; choose one of auto, ${Object.keys(ENGINES).join(', ')}`,
      );
    }
    if (name !== 'porcupine') return this.#engines[name](this.#settings, this.#log);
    return this.#porcupine().catch((error: unknown) => {
      if (!(error instanceof PorcupineRefusal)) throw error;
      this.#giveUp(name, error);
      return this.#first(this.#candidates());
    });
  }

  #candidates(): EngineName[] {
    const { porcupine, openwakeword } = this.#settings;
    const names: EngineName[] = [];
    if (porcupine.accessKeyFile) names.push('porcupine');
    if (Object.keys(openwakeword.models).length > 0) names.push('openwakeword');
    return names;
  }

  /** The first of these that can listen, else PocketSphinx. */
  async #first(names: readonly EngineName[]): Promise<HotwordEngine> {
    for (const name of names) {
      try {
        return await (name === 'porcupine' ? this.#porcupine() : this.#engines[name](this.#settings, this.#log));
      } catch (error) {
        if (!(error instanceof HotwordError)) throw error;
        this.#giveUp(name, error);
      }
    }
    return this.#last();
  }

  async #porcupine(): Promise<HotwordEngine> {
    if (this.#history.isPorcupineSpent) {
      throw new PorcupineRefusal('it was started before, and each start may count as an activation of the key');
    }
    this.#note({ isPorcupineSpent: true });
    try {
      return await this.#engines.porcupine(this.#settings, this.#log);
    } catch (error) {
      this.#note({ isPorcupineSpent: error instanceof PorcupineRefusal });
      throw error;
    }
  }

  /** A program that ends here would be started again by its service, and Porcupine with it. */
  async #last(): Promise<HotwordEngine> {
    try {
      return await this.#engines.pocketsphinx(this.#settings, this.#log);
    } catch (error) {
      if (
        !(error instanceof EngineMissingError) &&
        !(error instanceof HotwordError && this.#history.isPorcupineSpent)
      ) {
        throw error;
      }
      this.#log.error(
        { engine: 'pocketsphinx', why: messageOf(error) },
        'no hotword engine can listen here: only a key or the server starts a conversation',
      );
      return this.#engines.none(this.#settings, this.#log);
    }
  }

  #note(change: Partial<EngineHistory>): void {
    this.#history = { ...this.#history, ...change };
    this.#onHistory(this.#history);
  }

  /** Said once for each engine. */
  #giveUp(engine: EngineName, error: HotwordError): void {
    const { givenUp } = this.#history;
    const level = givenUp.includes(engine) ? 'debug' : 'warn';
    if (level === 'warn') this.#note({ givenUp: [...givenUp, engine] });
    this.#log[level]({ engine, why: error.message }, 'this hotword engine refuses; the next one listens instead');
  }
}
