import type { Clock } from '../clock.js';
import { bytesOfMs, type PcmFormat, SPEECH_FORMAT } from '../pcm/format.js';
import { pause } from '../pcm/supervisor.js';
import type { Playback, Speaker, SpeakerListener } from './speaker.js';

const STEP_MS = 100;
/** Silence given in advance, so that a busy moment of this process does not let the device stop. */
const AHEAD_STEPS = 3;
/** Silence ends now and then, so that a speaker can do between two sounds what it does then. */
const STRETCH_MS = 60_000;

/** Plays silence while there is nothing else to play: for amplifiers that pop or swallow sound when they wake up. */
export class KeepAliveSpeaker implements Speaker {
  readonly #speaker: Speaker;
  readonly #clock: Clock;
  #signal = AbortSignal.abort();
  #isReady = false;
  /** Ends the silence that plays now. */
  #wake = new AbortController();

  constructor(options: { speaker: Speaker; clock: Clock }) {
    this.#speaker = options.speaker;
    this.#clock = options.clock;
  }

  get backend(): string {
    return this.#speaker.backend;
  }

  run(listener: SpeakerListener, signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    // Not AbortSignal.any: what it makes of a signal that lives as long as the program stays with that signal.
    signal.addEventListener('abort', () => this.#wake.abort(), { once: true });
    const told: SpeakerListener = {
      ready: (info) => {
        this.#isReady = true;
        this.#rest();
        listener.ready(info);
      },
      lost: (info) => {
        this.#isReady = false;
        this.#wake.abort();
        listener.lost(info);
      },
    };
    return this.#speaker.run(told, signal);
  }

  open(format: PcmFormat): Playback {
    this.#wake.abort();
    const playback = this.#speaker.open(format);
    const wake = new AbortController();
    this.#wake = wake;
    const over = () => {
      // A newer sound has its own end.
      if (this.#wake === wake) this.#rest();
    };
    return {
      write: (pcm) => playback.write(pcm),
      writable: () => playback.writable(),
      drain: () => playback.drain().finally(over),
      clear: () => playback.clear().finally(over),
    };
  }

  #rest(): void {
    this.#wake.abort();
    if (!this.#isReady || this.#signal.aborted) return;
    this.#wake = new AbortController();
    // A device that fails meanwhile is told as lost.
    this.#playSilence(this.#wake.signal).catch(() => undefined);
  }

  async #playSilence(signal: AbortSignal): Promise<void> {
    const step = new Uint8Array(bytesOfMs(SPEECH_FORMAT, STEP_MS));
    while (!signal.aborted) {
      const playback = this.#speaker.open(SPEECH_FORMAT);
      for (let i = 0; i < AHEAD_STEPS; i++) playback.write(step);
      for (let atMs = 0; atMs < STRETCH_MS && !signal.aborted; atMs += STEP_MS) {
        await pause(STEP_MS, signal, this.#clock);
        if (!signal.aborted) playback.write(step);
      }
      if (signal.aborted) return;
      await playback.drain();
      await pause(1, signal, this.#clock);
    }
  }
}
