import { type PcmFormat, samplesOf } from '../pcm/format.js';
import type { SpeakerTap } from '../speaker/tapped-speaker.js';
import type { HotwordEngine } from './engine.js';
import { HotwordListener } from './listener.js';

/** Options of `EchoGuard`. */
export interface EchoGuardOptions {
  /** An engine of its own, for the same phrases, more willing to hear them than the one at the microphone. */
  engine: HotwordEngine;
  /** Time, in milliseconds; that of the microphone's samples makes no difference between a busy machine and an idle one. */
  nowMs: () => number;
}

/**
 * How long after the reply itself said a phrase the microphone may still hear it: what the device is ahead, the sound
 * server's and the room's delay, and the time an engine takes to be sure.
 */
const ECHO_MS = 1500;
/** Longer than an engine takes to tell a phrase. */
const TAIL_MS = 400;

/**
 * Keeps the device from waking itself: listens to the reply on its way to the loudspeaker, so that a phrase which the
 * reply says is known before its echo reaches the microphone. Needs no echo cancellation and no tuning to the room.
 */
export class EchoGuard implements SpeakerTap {
  readonly #nowMs: () => number;
  readonly #engine: HotwordEngine;
  readonly #listener: HotwordListener;
  readonly #silence: Int16Array;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #isListening = false;

  constructor({ engine, nowMs }: EchoGuardOptions) {
    this.#nowMs = nowMs;
    this.#engine = engine;
    this.#silence = new Int16Array(Math.round((engine.rateHz * TAIL_MS) / 1000));
    this.#listener = new HotwordListener({
      engine,
      refractoryMs: 0,
      onDetection: () => {
        this.#heardAtMs = nowMs();
      },
      // Without the guard the device still works; the microphone's engine reports troubles of its own.
      onFailure: () => undefined,
    });
  }

  /** True when a phrase that the microphone hears now is the reply's own. */
  get isEcho(): boolean {
    // Within a reply its phrase may be told later than the microphone's: an engine that catches up after an onset waits.
    if (this.#isListening) this.#listener.feed(this.#silence);
    return this.#nowMs() - this.#heardAtMs < ECHO_MS;
  }

  opened(format: PcmFormat): void {
    this.#isListening = format.rateHz === this.#engine.rateHz && format.bits === 16 && format.channels === 1;
    if (this.#isListening) this.#listener.reset();
  }

  written(pcm: Uint8Array): void {
    if (this.#isListening) this.#listener.feed(samplesOf(pcm));
  }

  /** An engine is sure of a phrase at the very end only some time after it. */
  ended(): void {
    if (this.#isListening) this.#listener.feed(this.#silence);
    this.#isListening = false;
  }

  close(): void {
    this.#engine.close();
  }
}
