import { SpeechDetector } from '../pcm/level.js';
import { SampleRing } from '../pcm/ring.js';

/** Options of `Endpointer`. */
export interface EndpointerOptions {
  /** Samples a second, in hertz. */
  rateHz: number;
  /** How long nobody must speak for the utterance to be over. @default 800 ms */
  endOfSpeechMs?: number;
  /** How much of the sound before and behind the speech belongs to it: weak consonants are there. @default 300 ms */
  marginMs?: number;
  /** The longest utterance; a longer one is cut here. @default 30000 ms */
  limitMs?: number;
  /**
   * Whether the first samples come right behind a hotword, whose tail is then not an utterance on its own.
   * @default false
   */
  followsHotword?: boolean;
  /** The room without speech, in dBFS, where it is known from before. @default judged from the first samples */
  floorDb?: number | undefined;
}

/** Speech that begins this early was under way at the first sample: the detector needs a moment to settle. */
const UNDER_WAY_MS = 100;
/** A hotword's tail ends this early. Longer speech is a sentence. */
const TAIL_LIMIT_MS = 900;

/** Finds utterances in a stream of samples. Pure: time is counted in samples, the size of the chunks means nothing. */
export class Endpointer {
  readonly #detector: SpeechDetector;
  readonly #ring: SampleRing;
  readonly #rateHz: number;
  readonly #endOfSpeech: number;
  readonly #margin: number;
  readonly #limit: number;
  readonly #followsHotword: boolean;
  /** Where the utterance begins that is under way. */
  #start: number | undefined;
  /** Where the utterance before ended: nothing is heard twice. */
  #consumed = 0;

  constructor(options: EndpointerOptions) {
    const { rateHz, endOfSpeechMs = 800, marginMs = 300, limitMs = 30_000, followsHotword = false, floorDb } = options;
    const samplesOfMs = (durationMs: number) => Math.round((durationMs * rateHz) / 1000);
    this.#rateHz = rateHz;
    this.#endOfSpeech = samplesOfMs(endOfSpeechMs);
    this.#margin = samplesOfMs(marginMs);
    this.#limit = samplesOfMs(limitMs);
    this.#followsHotword = followsHotword;
    this.#detector = new SpeechDetector({ rateHz, floorDb });
    this.#ring = new SampleRing(this.#limit + this.#margin + this.#endOfSpeech + rateHz);
  }

  /** True from the begin of an utterance to its end. */
  get isHearing(): boolean {
    return this.#start !== undefined;
  }

  /** The room without speech, in dBFS. */
  get floorDb(): number {
    return this.#detector.floorDb;
  }

  /**
   * Takes the samples that follow those of the call before. Returns a copy of the utterance that ended in them, if one
   * did; what comes behind it in the same chunk is not looked at.
   */
  feed(samples: Int16Array): Int16Array | undefined {
    const step = this.#detector.frameSamples;
    // Judged only where the detector's frames end, so that chunks of any size give the very same result.
    for (let at = 0; at < samples.length; ) {
      const part = samples.subarray(at, at + step - (this.#ring.end % step));
      at += part.length;
      this.#ring.write(part);
      this.#detector.feed(part);
      const utterance = this.#ring.end % step === 0 ? this.#judge() : undefined;
      if (utterance) return utterance;
    }
    return undefined;
  }

  #judge(): Int16Array | undefined {
    const { isSpeaking, speechStart, speechEnd } = this.#detector;
    if (this.#start === undefined) {
      if (isSpeaking) this.#start = Math.max(speechStart, this.#consumed);
      return undefined;
    }
    const position = this.#ring.end;
    const isOver = !isSpeaking && position - speechEnd >= this.#endOfSpeech;
    if (!isOver && position - this.#start < this.#limit) return undefined;
    const start = this.#start;
    const first = Math.max(this.#ring.start, this.#consumed, start - this.#margin);
    this.#start = undefined;
    if (this.#isTail(start, speechEnd)) return undefined;
    this.#consumed = position;
    const { samples } = this.#ring.readFrom(first);
    return samples.slice(0, speechEnd + this.#margin - first);
  }

  #isTail(start: number, end: number): boolean {
    const ms = (samples: number) => (samples / this.#rateHz) * 1000;
    return this.#followsHotword && ms(start) <= UNDER_WAY_MS && ms(end) <= TAIL_LIMIT_MS;
  }
}
