import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config.js';
import type { StatusPage, StatusPageOptions } from '../page/status-page.js';

/**
 * The status page over changes of the configuration. A device that has none does not even load its code. Never rejects for
 * what is wrong with the configuration of the page.
 */
export class RunPage {
  readonly #options: StatusPageOptions;
  #page: StatusPage | undefined;
  #config: Config['page'] | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: StatusPageOptions) {
    this.#options = options;
  }

  /** Serves it as configured from now on, or not at all. Resolves when that is so, or the log has been told why not. */
  follow({ page }: Config): Promise<void> {
    this.#work = this.#work.then(() => this.#follow(page));
    return this.#work;
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await this.#work;
    await this.#page?.close();
    this.#page = undefined;
  }

  async #follow(config: Config['page']): Promise<void> {
    if (isDeepStrictEqual(config, this.#config)) return;
    this.#config = config;
    if (!config.enabled) {
      await this.#page?.close();
      this.#page = undefined;
      return;
    }
    if (!this.#page) {
      const { StatusPage } = await import('../page/status-page.js');
      this.#page = new StatusPage(this.#options);
    }
    await this.#page.open(config);
  }
}
