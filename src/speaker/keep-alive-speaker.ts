import type { Clock } from '../clock.js';
import { bytesOfMs, type PcmFormat, SPEECH_FORMAT } from '../pcm/format.js';
import { pause } from '../pcm/supervisor.js';
import { Playhead } from './playhead.js';
import type { Playback, Speaker, SpeakerListener } from './speaker.js';

const STEP_MS = 100;
/** Silence given in advance, so that a busy moment of this process does not let the device stop. */
const AHEAD_MS = 300;
/**
 * Silence ends now and then, so that a speaker can do between two sounds what it does then: a worn child of the speaker
 * package leaks another 6 MB until it is replaced. A device whose clock is 0.02 % faster than ours takes 50 ms of the silence in advance.
 */
const STRETCH_MS = 240_000;
/** Between two stretches; the longer one after a failure, which the speaker tells by itself where it lasts. */
const BETWEEN_MS = 1;
const AFTER_FAILURE_MS = 1_000;

/**
 * Plays silence while there is nothing else to play: for amplifiers that pop or swallow sound when they wake up. A sound is
 * a stream of its own, not a part of the silence: only the end of a stream makes a sink say that all of it was played.
 */
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
    void this.#playSilence(this.#wake.signal);
  }

  async #playSilence(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const hasPlayed = await this.#playStretch(signal).then(
        () => true,
        () => false,
      );
      await pause(hasPlayed ? BETWEEN_MS : AFTER_FAILURE_MS, signal, this.#clock);
    }
  }

  async #playStretch(signal: AbortSignal): Promise<void> {
    const step = new Uint8Array(bytesOfMs(SPEECH_FORMAT, STEP_MS));
    const playback = this.#speaker.open(SPEECH_FORMAT);
    const playhead = new Playhead(SPEECH_FORMAT, this.#clock);
    const endMs = this.#clock.nowMs() + STRETCH_MS;
    while (!signal.aborted && this.#clock.nowMs() < endMs) {
      // What a late timer has missed is made up for.
      for (let hasRoom = true; hasRoom && playhead.aheadMs < AHEAD_MS; ) {
        playhead.wrote(step.length);
        hasRoom = playback.write(step);
        if (!hasRoom) await playback.writable();
      }
      await pause(STEP_MS, signal, this.#clock);
    }
    if (!signal.aborted) await playback.drain();
  }
}
