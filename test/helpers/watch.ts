import { within } from './processes.js';

/** Lets tests wait for conditions on something that changes by events. */
export class Watch {
  readonly #watchers = new Set<() => void>();

  /** To be called after every change. */
  notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /**
   * Resolves with the first answer of `probe` that is not undefined, asked now and after every change. Rejects with
   * what `probe` throws, and after `timeoutMs` with an error that names `what`.
   */
  async for<T>(probe: () => T | undefined, timeoutMs: number, what: () => string): Promise<T> {
    let watcher = () => {};
    const found = new Promise<T>((resolve, reject) => {
      watcher = () => {
        try {
          const answer = probe();
          if (answer !== undefined) resolve(answer);
        } catch (error) {
          reject(error);
        }
      };
      this.#watchers.add(watcher);
      watcher();
    });
    try {
      return await within(found, timeoutMs, what);
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}
