import { isDeepStrictEqual } from 'node:util';
import type { App, Heirlooms } from './app.js';
import type { Config } from './config.js';
import { ClientError } from './errors.js';
import type { Journal, Log } from './log.js';

/** Options of `ReloadableApp`. */
export interface ReloadableAppOptions {
  config: Config;
  /** Makes a device that has not been started. */
  make: (config: Config, heirlooms?: Heirlooms) => App;
  /** Reads the configuration again. Throws ConfigError. */
  load: () => Config;
  /** Reads what the link takes from files: the token, certificates. Throws ConfigError. */
  linkFiles: (config: Config) => object;
  journal: Journal;
  log: Log;
}

/**
 * The device over changes of its configuration and of the files that the link takes from it: a changed one makes a new device out of the old one's link and ear,
 * as far as these stay what they are. It never interrupts a conversation, and a configuration with a mistake changes
 * nothing.
 */
export class ReloadableApp {
  readonly #options: ReloadableAppOptions;
  #config: Config;
  #linkFiles: object = {};
  #app: App;
  #isClosing = false;
  #reloading: Promise<void> | undefined;
  #stopWaiting: () => void = () => undefined;

  constructor(options: ReloadableAppOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#app = options.make(options.config);
  }

  /** The present device. */
  get app(): App {
    return this.#app;
  }

  /** What the present device was made from. */
  get config(): Config {
    return this.#config;
  }

  /** As `App.start`. */
  async start(): Promise<void> {
    this.#linkFiles = this.#options.linkFiles(this.#config);
    await this.#app.start();
  }

  /** As `App.close`. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopWaiting();
    // One that a reload is starting just now stops starting.
    await this.#app.close();
    // What it throws has been told to whoever asked for it.
    await this.#reloading?.catch(() => undefined);
    await this.#app.close();
  }

  /**
   * Reads the configuration again. Resolves when it holds, at once when nothing has changed, and when it is refused, which
   * the log tells. Rejects when the device cannot be started again with the configuration it had.
   */
  reload(): Promise<void> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    const { load, linkFiles, log } = this.#options;
    const before = this.#config;
    const filesBefore = this.#linkFiles;
    let config: Config;
    let files: object;
    try {
      config = load();
      files = linkFiles(config);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      log.error({ why: error.message }, 'the configuration has a mistake; what was set before stays');
      return;
    }
    if (isDeepStrictEqual([config, files], [before, filesBefore])) return;
    await this.#untilQuiet();
    if (this.#isClosing) return;
    try {
      await this.#replace(config, files);
      log.info('the new configuration holds');
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      log.error({ why: error.message }, 'the new configuration does not work; what was set before stays');
      await this.#replace(before, filesBefore);
    }
  }

  async #replace(config: Config, files: object): Promise<void> {
    const old = this.#config;
    const heirlooms = await this.#app.bequeath({
      link: isDeepStrictEqual([config.server, config.link, files], [old.server, old.link, this.#linkFiles]),
      ear: isDeepStrictEqual(earSettings(config), earSettings(old)),
    });
    this.#config = config;
    this.#linkFiles = files;
    this.#app = this.#options.make(config, heirlooms);
    if (!this.#isClosing) await this.#app.start();
  }

  /** Resolves when no conversation is under way, or the program ends. */
  async #untilQuiet(): Promise<void> {
    while (!this.#app.isQuiet && !this.#isClosing) {
      await new Promise<void>((resolve) => {
        const look = () => {
          stopWatching();
          // Not from inside the change of a state.
          setImmediate(resolve);
        };
        const stopWatching = this.#options.journal.watch(look);
        this.#stopWaiting = look;
      });
    }
  }
}

/** What an ear is made of. What a phrase does and what is kept of it are not. */
function earSettings({ hotword, session }: Config): object {
  const { actions: _actions, keep_last: _keepLast, ...settings } = hotword;
  return { ...settings, bargeIn: session.barge_in };
}
