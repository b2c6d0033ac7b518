import type { PcmFormat } from '../pcm/format.js';

/** What a speaker tells about its device. */
export interface SpeakerListener {
  /** The device can be played to: at start, and again after each `lost`. */
  ready(info: { device: string }): void;
  /** The device or its child is gone; the speaker goes on trying by itself. `why` is for a person. */
  lost(info: { why: string }): void;
}

/**
 * A sink for sound. One `Playback` at a time: opening a second one clears the first. Whatever happens to the device
 * is an event and a new attempt, never an exception.
 */
export interface Speaker {
  /** The backend's name as in `speaker.backend`. */
  readonly backend: string;
  /** Keeps the device ready until the signal aborts; resolves when every child process is gone. */
  run(listener: SpeakerListener, signal: AbortSignal): Promise<void>;
  /**
   * Starts a stretch of sound. Throws AudioError when there is no device just now.
   */
  open(format: PcmFormat): Playback;
}

/** One stretch of sound: a reply or a cue. */
export interface Playback {
  /** Hands over whole frames. Returns false when enough is waiting; `writable()` tells when there is room again. */
  write(pcm: Uint8Array): boolean;
  /** Resolves when `write` may be called again; at once where it may already. Also resolves when the playback is over. */
  writable(): Promise<void>;
  /**
   * No more will be written. Resolves when the sink has played the last sample, by its own word.
   * Rejects with AudioError when the device was lost before that. Resolves at once after `clear()`.
   */
  drain(): Promise<void>;
  /** Silence now (within 50 ms): what has not been played is dropped. Resolves when it is silent. Never rejects. */
  clear(): Promise<void>;
}
