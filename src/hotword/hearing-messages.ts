import type { PcmFormat } from '../pcm/format.js';
import type { PhraseScore, Situation } from './engine.js';
import type { EngineHistory } from './engine-source.js';
import type { HotwordHit } from './listener.js';
import type { EngineLog, HotwordSettings } from './registry.js';

/** What a hearing is made of, and what its thread is started with. */
export interface HearingSetup {
  settings: HotwordSettings;
  /** See `hotword.refractory_ms`. */
  refractoryMs: number;
  /** Whether replies are heard too, so that a reply which says a phrase does not wake the device. */
  isGuarded: boolean;
  /** One number: how many samples of the microphone have been heard, modulo 2^32. */
  heardSamples: SharedArrayBuffer;
  /** What became of the engines of earlier threads. */
  history: EngineHistory;
}

/** What a hearing is told, in order. */
export type ToHearing =
  /** The microphone's next samples. */
  | { type: 'samples'; samples: Int16Array }
  /** Forget. What is heard from here on carries this number. */
  | { type: 'reset'; epoch: number; position: number | undefined }
  | { type: 'during'; situation: Situation }
  | { type: 'threshold'; phrase: string; threshold: number }
  /** Tell scores, or no more. */
  | { type: 'scores'; isOn: boolean }
  /** The reply on its way to the loudspeaker, as in `SpeakerTap`. */
  | { type: 'reply.opened'; format: PcmFormat }
  | { type: 'reply.written'; pcm: Uint8Array }
  | { type: 'reply.ended' }
  | { type: 'close' };

/** What a hearing tells. */
export type FromHearing =
  | {
      type: 'ready';
      engine: string;
      phrases: readonly string[];
      thresholds: ReadonlyMap<string, number> | undefined;
      /** The native libraries that were loaded. */
      addons: readonly string[];
    }
  /** There is no engine, for a reason that a person may mend; `isConfiguration` as of a HotwordConfigError. */
  | { type: 'refused'; why: string; isConfiguration: boolean }
  /** `epoch` is that of the last reset before the phrase; `isEcho` when the reply itself said it. */
  | { type: 'hit'; hit: HotwordHit; epoch: number; isEcho: boolean }
  | { type: 'score'; score: PhraseScore }
  /** The engine cannot go on. */
  | { type: 'failed'; why: string }
  /** What the next thread must know of this one. */
  | { type: 'history'; history: EngineHistory }
  | { type: 'log'; level: keyof EngineLog; fields: Readonly<Record<string, unknown>>; text: string };

/** What the log says where the guard cannot know a reply's own phrases. */
export const ECHO_UNKNOWN = 'a reply that says the hotword may interrupt itself';
