import { isDeepStrictEqual } from 'node:util';
import { tunedFile, writeTuned } from '../config/tuned.js';
import type { Config } from '../config.js';
import { messageOf, PageError } from '../errors.js';
import type { Tuning } from '../page/commands.js';
import type { StatusPage, StatusPageOptions } from '../page/status-page.js';
import { text } from '../pcm/system-files.js';
import type { Display } from '../protocol/protocol.js';

/** Options of `RunPage`. */
export interface RunPageOptions extends Omit<StatusPageOptions, 'save'> {
  env: NodeJS.ProcessEnv;
  /** Reads the configuration again. Throws ConfigError. */
  load: () => Config;
}

/**
 * The status page over changes of the configuration. A device that has none does not even load its code. Never rejects:
 * whatever is wrong with the page is told to the log.
 */
export class RunPage {
  readonly #options: RunPageOptions;
  #page: StatusPage | undefined;
  /** What it was opened with: its configuration, and the token in the file that this names. */
  #opened: readonly [Config['page'], string] | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: RunPageOptions) {
    this.#options = options;
  }

  /**
   * Serves it as configured from now on, or not at all. Resolves when it sees what happens, which is before it is served: its
   * address may take long to be had.
   */
  follow({ page }: Config): Promise<void> {
    const made = this.#work.then(() => this.#guarded(() => this.#make(page)));
    this.#work = made.then(() => this.#guarded(() => this.#open(page)));
    return made;
  }

  /** The server wants this shown. */
  display(display: Display): void {
    this.#page?.display(display);
  }

  /** May be called twice. */
  async close(): Promise<void> {
    // What is still being tried gives up, and what was still to be done finds its end.
    await this.#page?.close();
    await this.#work;
    await this.#page?.close();
    this.#page = undefined;
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.log.error({ why: messageOf(error) }, 'the status page failed');
    }
  }

  async #make({ enabled }: Config['page']): Promise<void> {
    if (!enabled || this.#page) return;
    const { StatusPage } = await import('../page/status-page.js');
    this.#page = new StatusPage({ ...this.#options, save: (tuning) => this.#save(tuning) });
  }

  async #open(config: Config['page']): Promise<void> {
    const wanted = [config, config.enabled ? text(config.token_file) : ''] as const;
    if (isDeepStrictEqual(wanted, this.#opened)) return;
    this.#opened = wanted;
    if (!config.enabled) {
      await this.#page?.close();
      this.#page = undefined;
      return;
    }
    await this.#page?.open(config);
  }

  #save(tuning: Tuning): string {
    const { env, load } = this.#options;
    const file = tunedFile(env);
    writeTuned(file, keysOf(tuning, load()));
    const config = load();
    const { speaker } = config;
    const kept = thresholdsOf(tuning, config);
    const isThere = Object.entries(tuning.thresholds).every(([phrase, value]) => kept[phrase] === value);
    if (isThere && (tuning.volume ?? speaker.volume) === speaker.volume) return file;
    throw new PageError(`saved in ${file}, but the environment or a flag of the command line says otherwise and wins`);
  }
}

/** A table of a later file takes the place of an earlier one's, so it has all that was in that. */
function keysOf(tuning: Tuning, config: Config): Map<string, unknown> {
  const { engine, thresholds, volume } = tuning;
  const values = new Map<string, unknown>();
  if (Object.keys(thresholds).length > 0) {
    values.set(`hotword.${engine}.thresholds`, { ...thresholdsOf(tuning, config), ...thresholds });
  }
  if (volume !== undefined) values.set('speaker.volume', volume);
  return values;
}

function thresholdsOf({ engine }: Tuning, { hotword }: Config): Readonly<Record<string, number>> {
  return (engine === 'pocketsphinx' ? hotword.pocketsphinx : hotword.openwakeword).thresholds;
}
