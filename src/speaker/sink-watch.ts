import type { Clock } from '../clock.js';
import { Watchdog } from '../pcm/watchdog.js';

/** Waits for a sign of a device that is given sound; time in which this process itself was late does not count. */
export class SinkWatch {
  readonly #watchdog: Watchdog;
  #failure = '';

  /** `onDead` is called when the sign did not come, with a word for a person. */
  constructor({ clock, onDead }: { clock: Clock; onDead: (why: string) => void }) {
    this.#watchdog = new Watchdog({ clock, onSilence: () => onDead(this.#failure) });
  }

  /** A sign is due within `limitMs`, which is 100 or more; takes the place of what was expected before. */
  expect(limitMs: number, whyNot: string): void {
    this.#failure = `${whyNot} within ${Math.round(limitMs)} ms`;
    this.#watchdog.feed(limitMs);
  }

  /** The sign came, or nobody waits for it any more. */
  close(): void {
    this.#watchdog.close();
  }
}
