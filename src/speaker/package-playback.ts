import type { AudioError } from '../errors.js';
import type { Playback } from './speaker.js';

/** What a playback may ask of the child that plays it. */
export interface PlaybackPort {
  write(pcm: Uint8Array): boolean;
  writable(): Promise<void>;
  end(): void;
  clear(): Promise<void>;
}

/** One stretch of sound of the speaker-package backend; keeps what it is given until a child begins to play it. */
export class PackagePlayback implements Playback {
  /** Resolves when it was played, cleared or lost; with the error where it was lost. */
  readonly over: Promise<AudioError | undefined>;
  readonly #early: Uint8Array[] = [];
  #port: PlaybackPort | undefined;
  #isEnded = false;
  #resolveOver: (error: AudioError | undefined) => void = () => undefined;
  #isOver = false;

  constructor() {
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** A child begins to play it: what was written so far goes there. */
  begin(port: PlaybackPort): void {
    this.#port = port;
    for (const pcm of this.#early.splice(0)) port.write(pcm);
    if (this.#isEnded) port.end();
  }

  write(pcm: Uint8Array): boolean {
    if (this.#isOver) return true;
    if (this.#port) return this.#port.write(pcm);
    this.#early.push(pcm);
    return true;
  }

  writable(): Promise<void> {
    return this.#isOver || !this.#port ? Promise.resolve() : this.#port.writable();
  }

  async drain(): Promise<void> {
    this.#isEnded = true;
    if (!this.#isOver) this.#port?.end();
    const error = await this.over;
    if (error) throw error;
  }

  async clear(): Promise<void> {
    if (this.#isOver) return;
    this.finish();
    await this.#port?.clear();
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
