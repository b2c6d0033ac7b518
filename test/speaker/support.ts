import type { SpeakerListener } from '../../src/speaker/speaker.js';
import { Watch } from '../helpers/watch.js';

const LIMIT_MS = 10_000;

interface Happening {
  event: 'ready' | 'lost';
  why: string;
  atMs: number;
}

/** A listener that keeps everything that a speaker tells. */
export class Told implements SpeakerListener {
  readonly happenings: Happening[] = [];
  readonly #watch = new Watch();

  ready(): void {
    this.#note('ready', '');
  }

  lost({ why }: { why: string }): void {
    this.#note('lost', why);
  }

  /** The first such event from `fromMs` on; waits for it. */
  async until(event: Happening['event'], fromMs: number, timeoutMs = LIMIT_MS): Promise<Happening> {
    const find = () => this.happenings.find((one) => one.event === event && one.atMs >= fromMs);
    const past = () =>
      JSON.stringify(this.happenings.map((one) => [one.event, one.why, Math.round(one.atMs - fromMs)]));
    return this.#watch.for(find, timeoutMs, () => `the speaker is ${event}; what happened: ${past()}`);
  }

  #note(event: Happening['event'], why: string): void {
    this.happenings.push({ event, why, atMs: performance.now() });
    this.#watch.notify();
  }
}
