/** What a microphone tells while it captures. Calls come on the event loop, never from inside `capture`. */
export interface MicrophoneListener {
  /** A chunk of mono 16-bit samples at the microphone's `rateHz`; the array belongs to the listener. */
  chunk(samples: Int16Array): void;
  /** The first chunk of a device has come: at start, and again after each `lost`. */
  ready(info: { device: string; rateHz: number }): void;
  /** No more chunks for now; the microphone goes on trying by itself. `why` is for a person. */
  lost(info: { why: string }): void;
}

/** A source of speech. Whatever happens to the device is an event and a new attempt, never an exception. */
export interface Microphone {
  /** The backend's name as in `mic.backend`. */
  readonly backend: string;
  /** Samples a second of the chunks, in hertz, whatever the device itself delivers. */
  readonly rateHz: number;
  /**
   * Captures until the signal aborts; resolves when the device is closed and every child process is gone.
   * May be called again afterwards (that is what unmuting does), never twice at a time.
   */
  capture(listener: MicrophoneListener, signal: AbortSignal): Promise<void>;
}
