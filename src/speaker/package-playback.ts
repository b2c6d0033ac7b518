import type { AudioError } from '../errors.js';
import type { Playback } from './speaker.js';

/** What a playback may ask of the child. */
export interface PlaybackPort {
  write(pcm: Uint8Array): boolean;
  writable(): Promise<void>;
  end(): void;
  clear(): Promise<void>;
}

/** One stretch of sound of the speaker-package backend. */
export class PackagePlayback implements Playback {
  readonly #port: PlaybackPort;
  /** Resolves when it was played, cleared or lost; with the error where it was lost. */
  readonly over: Promise<AudioError | undefined>;
  #resolveOver: (error: AudioError | undefined) => void = () => undefined;
  #isOver = false;

  constructor(port: PlaybackPort) {
    this.#port = port;
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  write(pcm: Uint8Array): boolean {
    return this.#isOver || this.#port.write(pcm);
  }

  writable(): Promise<void> {
    return this.#isOver ? Promise.resolve() : this.#port.writable();
  }

  async drain(): Promise<void> {
    if (!this.#isOver) this.#port.end();
    const error = await this.over;
    if (error) throw error;
  }

  async clear(): Promise<void> {
    if (this.#isOver) return;
    this.finish();
    await this.#port.clear();
  }

  /** All of it has been played, or nobody wants it any more. */
  finish(): void {
    this.#isOver = true;
    this.#resolveOver(undefined);
  }

  /** The device or its child was lost. */
  fail(error: AudioError): void {
    this.#isOver = true;
    this.#resolveOver(error);
  }
}
