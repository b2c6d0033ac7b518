import { AudioError } from '../errors.js';
import { type Converter, converterWith } from '../pcm/converter.js';
import type { PcmFormat } from '../pcm/format.js';
import type { MakeResampler } from '../pcm/resampler.js';
import type { SpeakerTap } from '../speaker/tapped-speaker.js';
import type { HotwordEngine } from './engine.js';
import { HotwordListener } from './listener.js';

/** Options of `EchoGuard`. */
export interface EchoGuardOptions {
  /** An engine of its own, for the same phrases, more willing to hear them than the one at the microphone. */
  engine: HotwordEngine;
  /** Time, in milliseconds; that of the microphone's samples makes no difference between a busy machine and an idle one. */
  nowMs: () => number;
  /** For replies and sounds of another rate than the engine's. */
  makeResampler: MakeResampler;
  /** Is told once why some sounds are not listened to. */
  onDeaf: (why: string) => void;
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
  readonly #options: EchoGuardOptions;
  readonly #listener: HotwordListener;
  readonly #silence: Int16Array;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  /** Of what plays, while it is listened to. */
  #converter: Converter | undefined;
  #hasTold = false;

  constructor(options: EchoGuardOptions) {
    this.#options = options;
    const { engine, nowMs } = options;
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
    if (this.#converter) this.#listener.feed(this.#silence);
    return this.#options.nowMs() - this.#heardAtMs < ECHO_MS;
  }

  opened(format: PcmFormat): void {
    this.#stop();
    const { engine, makeResampler, onDeaf } = this.#options;
    try {
      const resampler = makeResampler(format.rateHz, engine.rateHz);
      this.#converter = converterWith(resampler, { format, channel: 1, gainDb: 0 });
      this.#listener.reset();
    } catch (error) {
      if (!(error instanceof AudioError)) throw error;
      if (!this.#hasTold) onDeaf(error.message);
      this.#hasTold = true;
    }
  }

  written(pcm: Uint8Array): void {
    if (this.#converter) this.#listener.feed(this.#converter.process(pcm));
  }

  /** An engine is sure of a phrase at the very end only some time after it. */
  ended(): void {
    if (this.#converter) this.#listener.feed(this.#silence);
    this.#stop();
  }

  close(): void {
    this.#stop();
    this.#options.engine.close();
  }

  #stop(): void {
    this.#converter?.close();
    this.#converter = undefined;
  }
}
