import type { PcmFormat } from '../pcm/format.js';
import { aplay } from './aplay.js';
import { CommandSpeaker } from './command-speaker.js';
import { PackageSpeaker } from './package-speaker.js';
import type { SpeakerOptions } from './registry.js';
import type { Playback, Speaker, SpeakerListener } from './speaker.js';

/** The speaker package where it loads, else aplay. */
export class AutoSpeaker implements Speaker {
  readonly #options: SpeakerOptions;
  #current: Speaker;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    this.#current = new PackageSpeaker({ ...options, onUnavailable: (why) => this.#takeAplay(why) });
  }

  get backend(): string {
    return this.#current.backend;
  }

  async run(listener: SpeakerListener, signal: AbortSignal): Promise<void> {
    const first = this.#current;
    await first.run(listener, signal);
    if (this.#current !== first) await this.#current.run(listener, signal);
  }

  open(format: PcmFormat): Playback {
    return this.#current.open(format);
  }

  #takeAplay(why: string): void {
    this.#options.log.warn({ from: 'speaker', to: 'aplay', why }, 'speaker backend does not load; taking the next');
    this.#current = new CommandSpeaker({ backend: aplay, ...this.#options });
  }
}
