import type { Clock } from '../clock.js';
import { msOfBytes, type PcmFormat } from '../pcm/format.js';

/** Reckons how far a device is ahead of what is heard, from when it was given the first frame and how much since. */
export class Playhead {
  readonly #format: PcmFormat;
  readonly #clock: Clock;
  #startedAtMs: number | undefined;
  #writtenBytes = 0;

  constructor(format: PcmFormat, clock: Clock) {
    this.#format = format;
    this.#clock = clock;
  }

  /** True once the device has been given something. */
  get isMoving(): boolean {
    return this.#startedAtMs !== undefined;
  }

  /** Milliseconds of sound that the device still has; negative where it ran dry so long ago; 0 before the start. */
  get aheadMs(): number {
    if (this.#startedAtMs === undefined) return 0;
    return msOfBytes(this.#format, this.#writtenBytes) - (this.#clock.nowMs() - this.#startedAtMs);
  }

  /** So much was given to the device, which plays it at once where it has run dry. */
  wrote(bytes: number): void {
    this.resume();
    this.#startedAtMs ??= this.#clock.nowMs();
    this.#writtenBytes += bytes;
  }

  /** A device that has run dry has waited: what comes next is heard so much later. False where it had not. */
  resume(): boolean {
    const behindMs = -this.aheadMs;
    if (this.#startedAtMs === undefined || behindMs <= 0) return false;
    this.#startedAtMs += behindMs;
    return true;
  }
}
