import { EchoGuard, type EchoGuardOptions } from './echo-guard.js';
import type { HotwordEngine } from './engine.js';
import type { FromHearing, ToHearing } from './hearing-messages.js';
import { ECHO_UNKNOWN } from './hearing-messages.js';
import { HotwordListener } from './listener.js';

const GUARD_FACTOR = 1e-5;

/**
 * The guard hears phrases that are this much less likely than what the engine hears at this threshold: it only ever
 * keeps the device from waking itself.
 */
export function guardThreshold(threshold: number): number {
  return Math.max(Number.MIN_VALUE, threshold * GUARD_FACTOR);
}

/** Options of `Hearing`. */
export interface HearingOptions {
  engine: HotwordEngine;
  /** What hears the replies: an engine of its own, and resamplers for replies of another rate. @default they are not heard */
  guard?: Pick<EchoGuardOptions, 'engine' | 'makeResampler'> | undefined;
  refractoryMs: number;
  heardSamples: SharedArrayBuffer;
  tell: (message: FromHearing) => void;
}

/**
 * The engine at the microphone and the one at the loudspeaker, driven by messages in the order in which the sound
 * came, so that it makes no difference how late they are worked off.
 */
export class Hearing {
  readonly #options: HearingOptions;
  readonly #listener: HotwordListener;
  readonly #guard: EchoGuard | undefined;
  readonly #heardSamples: Int32Array;
  #epoch = 0;

  constructor(options: HearingOptions) {
    this.#options = options;
    const { engine, guard, refractoryMs, tell } = options;
    this.#heardSamples = new Int32Array(options.heardSamples);
    const nowMs = () => (this.#listener.position * 1000) / engine.rateHz;
    const onDeaf = (why: string) => tell({ type: 'log', level: 'warn', fields: { why }, text: ECHO_UNKNOWN });
    this.#guard = guard && new EchoGuard({ ...guard, nowMs, onDeaf });
    this.#listener = new HotwordListener({
      engine,
      refractoryMs,
      onDetection: (hit) => tell({ type: 'hit', hit, epoch: this.#epoch, isEcho: this.#guard?.isEcho ?? false }),
      onFailure: (error) => tell({ type: 'failed', why: error.message }),
    });
  }

  /** Does what a message says, all but `close`. Throws HotwordError for a threshold that cannot be. */
  take(message: Exclude<ToHearing, { type: 'close' }>): void {
    const { engine, guard, tell } = this.#options;
    switch (message.type) {
      case 'samples':
        this.#listener.feed(message.samples);
        Atomics.add(this.#heardSamples, 0, message.samples.length);
        break;
      case 'reset':
        this.#epoch = message.epoch;
        this.#listener.reset(message.position);
        break;
      case 'during':
        engine.tuning?.during(message.situation);
        break;
      case 'threshold':
        engine.tuning?.setThreshold(message.phrase, message.threshold);
        // Another engine's thresholds are of another scale.
        if (engine.name === guard?.engine.name)
          guard.engine.tuning?.setThreshold(message.phrase, guardThreshold(message.threshold));
        break;
      case 'scores':
        engine.tuning?.watchScores(message.isOn ? (score) => tell({ type: 'score', score }) : undefined);
        break;
      case 'reply.opened':
        this.#guard?.opened(message.format);
        break;
      case 'reply.written':
        this.#guard?.written(message.pcm);
        break;
      case 'reply.ended':
        this.#guard?.ended();
        break;
    }
  }

  /** Gives the engines' memory back. */
  close(): void {
    this.#guard?.close();
    this.#options.engine.close();
  }
}
