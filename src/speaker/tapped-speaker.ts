import type { PcmFormat } from '../pcm/format.js';
import type { Playback, Speaker, SpeakerListener } from './speaker.js';

/** Hears what a speaker is given to play. */
export interface SpeakerTap {
  /** A new stretch of sound begins. */
  opened(format: PcmFormat): void;
  /** This sound is about to be heard, at most a fraction of a second from now. */
  written(pcm: Uint8Array): void;
  /** Nothing more comes; the last of it is about to be heard. */
  ended(): void;
}

/** Hears nothing. */
export const NO_TAP: SpeakerTap = Object.freeze({
  opened: () => undefined,
  written: () => undefined,
  ended: () => undefined,
});

/** A speaker that lets somebody listen to what it is given, before it is heard in the room. */
export class TappedSpeaker implements Speaker {
  readonly #speaker: Speaker;
  readonly #tap: SpeakerTap;

  constructor(speaker: Speaker, tap: SpeakerTap) {
    this.#speaker = speaker;
    this.#tap = tap;
  }

  get backend(): string {
    return this.#speaker.backend;
  }

  run(listener: SpeakerListener, signal: AbortSignal): Promise<void> {
    return this.#speaker.run(listener, signal);
  }

  open(format: PcmFormat): Playback {
    const playback = this.#speaker.open(format);
    this.#tap.opened(format);
    return {
      write: (pcm) => {
        this.#tap.written(pcm);
        return playback.write(pcm);
      },
      writable: () => playback.writable(),
      drain: () => {
        this.#tap.ended();
        return playback.drain();
      },
      clear: () => {
        this.#tap.ended();
        return playback.clear();
      },
    };
  }
}
