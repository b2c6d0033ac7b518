import type { Events } from '../log.js';

/** The moments of one turn, from the hotword (or the end of the reply before) to the end of the reply. */
export class TurnTiming {
  readonly #turn: number;
  readonly #beganMs: number;
  #firstOutMs: number | undefined;
  #firstBackMs: number | undefined;
  #firstSampleMs = 0;

  /** `beganMs` is the moment from which the person may speak. */
  constructor(turn: number, beganMs: number) {
    this.#turn = turn;
    this.#beganMs = beganMs;
  }

  /** A microphone message was given to the socket. True for the first one of the turn. */
  noteOut(nowMs: number): boolean {
    const isFirst = this.#firstOutMs === undefined;
    this.#firstOutMs ??= nowMs;
    return isFirst;
  }

  /** The server began to reply. */
  noteBack(nowMs: number): void {
    this.#firstBackMs ??= nowMs;
  }

  /** The reply's first sample was given to the device, so long after the reply began. */
  noteFirstSample(firstSampleMs: number): void {
    this.#firstSampleMs = firstSampleMs;
  }

  /** The figures, when the reply has been played; undefined for a turn in which nothing was sent. */
  finish(playedMs: number): Events['turn.timing'] | undefined {
    if (this.#firstOutMs === undefined || this.#firstBackMs === undefined) return undefined;
    return {
      turn: this.#turn,
      firstByteOutMs: round(this.#firstOutMs - this.#beganMs),
      replyAfterMs: round(this.#firstBackMs - this.#firstOutMs),
      firstSampleMs: round(this.#firstSampleMs),
      playedMs,
    };
  }
}

function round(durationMs: number): number {
  return Math.round(durationMs * 10) / 10;
}
