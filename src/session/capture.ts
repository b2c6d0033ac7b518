import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Journal } from '../log.js';
import type { MeterSource } from '../meters.js';
import type { Microphone, MicrophoneListener } from '../mic/microphone.js';
import { peakDb, rmsDb } from '../pcm/level.js';
import type { SessionEvent } from './events.js';
import type { Router } from './router.js';

/** Options of `Capture`. */
export interface CaptureOptions {
  microphone: Microphone;
  router: Router;
  journal: Journal;
  clock: Clock;
  send: (event: SessionEvent) => void;
  levels: MeterSource<MicLevel>;
}

/** How loud one chunk of the microphone was, in dBFS. */
export interface MicLevel {
  rmsDb: number;
  peakDb: number;
}

/** Keeps the microphone open, once, for as long as the device is not muted; says when it is lost and back. */
export class Capture {
  readonly #options: CaptureOptions;
  #abort: AbortController | undefined;
  #capturing: Promise<void> = Promise.resolve();
  #lastLoss: string | undefined;
  #lastChunkMs: number | undefined;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** Since the last chunk, or since the capture was opened, in milliseconds; undefined while it is not open. */
  get chunkAgeMs(): number | undefined {
    if (!this.#abort || this.#lastChunkMs === undefined) return undefined;
    return this.#options.clock.nowMs() - this.#lastChunkMs;
  }

  /** Opens the microphone as soon as an earlier capture is gone. */
  open(): void {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    const { microphone, clock } = this.#options;
    this.#lastChunkMs = clock.nowMs();
    const listener = this.#listener(abort.signal);
    this.#capturing = this.#capturing
      .then(() => microphone.capture(listener, abort.signal))
      .catch((error: unknown) => listener.lost({ why: messageOf(error) }));
  }

  /** Closes the microphone: no capture process exists any more when `close` resolves. */
  mute(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  /** As `mute`, and waits. May be called twice. */
  close(): Promise<void> {
    this.mute();
    return this.#capturing;
  }

  #listener(signal: AbortSignal): MicrophoneListener {
    const { microphone, router, journal, clock, send, levels } = this.#options;
    return {
      chunk: (samples) => {
        if (signal.aborted) return;
        this.#lastChunkMs = clock.nowMs();
        router.chunk(samples);
        if (levels.isWatched) levels.show({ rmsDb: rmsDb(samples), peakDb: peakDb(samples) });
      },
      ready: ({ device, rateHz }) => {
        this.#lastLoss = undefined;
        journal.record('mic.ready', { backend: microphone.backend, device, rateHz });
        send({ type: 'mic.ready' });
      },
      lost: ({ why }) => {
        // What was heard before the gap must not be taken for what comes after it.
        router.forget();
        if (why !== this.#lastLoss) journal.record('mic.lost', { why });
        this.#lastLoss = why;
        send({ type: 'mic.lost', why });
      },
    };
  }
}
