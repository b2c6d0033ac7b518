import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import { createResampler } from '../pcm/resampler.js';
import { pause } from '../pcm/supervisor.js';
import { readWav } from '../pcm/wav.js';
import { CHUNK_MS } from './child-microphone.js';
import type { Microphone, MicrophoneListener } from './microphone.js';

/** Options of `FileMicrophone`. */
export interface FileMicrophoneOptions {
  /** The WAV file, any rate; its first channel is heard. */
  path: string;
  /** Rate of the chunks handed on, in hertz. */
  rateHz: number;
  clock: Clock;
}

/**
 * A WAV file as a microphone, in real time, for tests and demonstrations. After its end there is silence, as in a
 * room where nobody speaks. A file that cannot be read is a lost microphone.
 */
export class FileMicrophone implements Microphone {
  readonly backend = 'file';
  readonly rateHz: number;
  readonly #options: FileMicrophoneOptions;

  constructor(options: FileMicrophoneOptions) {
    this.#options = options;
    this.rateHz = options.rateHz;
  }

  async capture(listener: MicrophoneListener, signal: AbortSignal): Promise<void> {
    const { path, rateHz, clock } = this.#options;
    const sound = await this.#load().catch((error: unknown) => messageOf(error));
    if (typeof sound === 'string') {
      listener.lost({ why: sound });
      return;
    }
    if (signal.aborted) return;
    listener.ready({ device: path, rateHz });
    const startedMs = clock.nowMs();
    for (let at = 0; !signal.aborted; ) {
      const dueSamples = Math.floor(((clock.nowMs() - startedMs) * rateHz) / 1000);
      if (dueSamples > at) {
        listener.chunk(cut(sound, at, dueSamples));
        at = dueSamples;
      }
      await pause(CHUNK_MS, signal, clock);
    }
  }

  async #load(): Promise<Int16Array> {
    const wav = await readWav(this.#options.path);
    const resampler = await createResampler(wav.rateHz, this.rateHz);
    try {
      return resampler.process(wav.samples);
    } finally {
      resampler.close();
    }
  }
}

function cut(sound: Int16Array, from: number, to: number): Int16Array {
  const chunk = new Int16Array(to - from);
  chunk.set(sound.subarray(from, to));
  return chunk;
}
