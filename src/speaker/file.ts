import type { Clock } from '../clock.js';
import { AudioError, messageOf } from '../errors.js';
import { msOfBytes, type PcmFormat, SPEECH_FORMAT } from '../pcm/format.js';
import { pause } from '../pcm/supervisor.js';
import { WavWriter } from '../pcm/wav-writer.js';
import type { Playback, Speaker, SpeakerListener } from './speaker.js';

/** Options of `FileSpeaker`. */
export interface FileSpeakerOptions {
  /** The WAV file: 16 kHz, 16 bit, mono; made anew at each start. */
  path: string;
  clock: Clock;
}

/** A WAV file as a loudspeaker: takes as long as the sound lasts, and keeps all of it, one stretch after the other. */
export class FileSpeaker implements Speaker {
  readonly backend = 'file';
  readonly #options: FileSpeakerOptions;
  #writer: WavWriter | undefined;
  #playback: FilePlayback | undefined;

  constructor(options: FileSpeakerOptions) {
    this.#options = options;
  }

  async run(listener: SpeakerListener, signal: AbortSignal): Promise<void> {
    try {
      this.#writer = await WavWriter.open(this.#options.path, SPEECH_FORMAT);
    } catch (error) {
      listener.lost({ why: messageOf(error) });
      return;
    }
    listener.ready({ device: this.#options.path });
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    const writer = this.#writer;
    this.#writer = undefined;
    await this.#playback?.clear();
    await writer.close();
  }

  open(format: PcmFormat): Playback {
    const writer = this.#writer;
    if (!writer) throw new AudioError(`${this.#options.path} cannot be written`, { retryable: true });
    if (format.rateHz !== SPEECH_FORMAT.rateHz || format.bits !== SPEECH_FORMAT.bits || format.channels !== 1) {
      throw new AudioError(`the file speaker takes 16 kHz, 16 bit, mono, not ${JSON.stringify(format)}`);
    }
    void this.#playback?.clear();
    this.#playback = new FilePlayback(writer, this.#options.clock);
    return this.#playback;
  }
}

class FilePlayback implements Playback {
  readonly #writer: WavWriter;
  readonly #clock: Clock;
  readonly #cleared = new AbortController();
  #startedMs: number | undefined;
  #bytes = 0;
  #pending: Promise<void> = Promise.resolve();

  constructor(writer: WavWriter, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
  }

  write(pcm: Uint8Array): boolean {
    if (this.#cleared.signal.aborted) return true;
    this.#startedMs ??= this.#clock.nowMs();
    this.#bytes += pcm.length;
    this.#pending = this.#writer.write(pcm);
    // A full disk shows itself in `drain`; until then the rejection only must not go unheard.
    this.#pending.catch(() => undefined);
    return true;
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  async drain(): Promise<void> {
    const startedMs = this.#startedMs ?? this.#clock.nowMs();
    const leftMs = startedMs + msOfBytes(SPEECH_FORMAT, this.#bytes) - this.#clock.nowMs();
    await pause(leftMs, this.#cleared.signal, this.#clock);
    if (!this.#cleared.signal.aborted) await this.#pending;
  }

  clear(): Promise<void> {
    this.#cleared.abort();
    return Promise.resolve();
  }
}
