const FULL_SCALE = 32_768;

/** What the level functions answer for digital silence and for no samples at all, in dBFS. */
export const SILENCE_DB = -100;

/** Root mean square of samples in dBFS: 0 is a full-scale square wave, -3 a full-scale sine; never below `SILENCE_DB`. */
export function rmsDb(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return powerDb(samples.length === 0 ? 0 : sum / samples.length);
}

/** The largest sample in dBFS, whichever its sign; never below `SILENCE_DB`. */
export function peakDb(samples: Int16Array): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return powerDb(peak * peak);
}

function powerDb(meanSquare: number): number {
  if (meanSquare === 0) return SILENCE_DB;
  return Math.max(SILENCE_DB, 10 * Math.log10(meanSquare / FULL_SCALE ** 2));
}

/** Options of `SpeechDetector`. */
export interface SpeechDetectorOptions {
  /** Samples a second, in hertz. */
  rateHz: number;
  /** Sound has to be this long to count; clicks are shorter. @default 100 ms */
  minSpeechMs?: number;
  /** Pauses up to this long, between syllables and words, do not end speech. @default 240 ms */
  holdMs?: number;
  /** The room without speech, in dBFS, where it is known already. @default judged from the first samples */
  floorDb?: number | undefined;
  /** Speech does not begin below it, however quiet the room is, in dBFS. @default the floor alone decides */
  minDb?: number;
  /** Loud moments that were too short to count belong to the speech that follows them within this time. @default 0 ms */
  joinMs?: number;
}

/** What `feed` answers. */
export interface SpeechReport {
  /** Whether the person was speaking when the last sample fell. */
  isSpeaking: boolean;
  /** True when `isSpeaking` is not what it was before the call. */
  hasChanged: boolean;
  /** Level of the last whole frame without its DC offset, in dBFS. */
  levelDb: number;
}

const FRAME_MS = 20;
/** Voices begin above it; hum, rumble and DC lie below. */
const HIGH_PASS_HZ = 80;
/** Speech begins this far above the noise floor and goes on down to the second value. White noise stays within 2 dB of its floor. */
const BEGIN_DB = 8;
const GO_ON_DB = 5;
/** No room and no microphone is quieter: keeps the noise of a converter after digital silence from being speech. */
const FLOOR_MIN_DB = -65;
/** A stream that begins louder is taken to begin in speech, not in noise. */
const FIRST_FLOOR_MAX_DB = -40;
/** The floor follows the quietest frame of the last two seconds: even fluent speech has a gap in that time. */
const FLOOR_PARTS = 8;
const FLOOR_PART_FRAMES = 13;
/** How fast the floor rises; it falls at once. */
const FLOOR_RISE_DB_PER_S = 10;

/**
 * Tells speech from a room's noise by energy alone. Pure: time is counted in samples, so that it makes no difference
 * how fast they come or in what chunks. Steady sound counts as noise after two to five seconds, whatever its level.
 */
export class SpeechDetector {
  readonly #frame: Int16Array;
  readonly #feedback: number;
  readonly #framesToBegin: number;
  readonly #framesToEnd: number;
  readonly #minDb: number;
  readonly #joinSamples: number;
  #filled = 0;
  #position = 0;
  #lastIn = 0;
  #lastOut = 0;
  #floorDb: number | undefined;
  #parts: number[] = [];
  #framesInPart = 0;
  #levelDb = SILENCE_DB;
  #loudFrames = 0;
  #quietFrames = 0;
  #runStart = 0;
  #loudEnd = Number.NEGATIVE_INFINITY;
  #isSpeaking = false;
  #speechStart = 0;
  #speechEnd = 0;

  constructor(options: SpeechDetectorOptions) {
    const { rateHz, minSpeechMs = 100, holdMs = 240, floorDb, minDb = SILENCE_DB, joinMs = 0 } = options;
    this.#minDb = minDb;
    this.#joinSamples = (rateHz * joinMs) / 1000;
    this.#floorDb = floorDb;
    this.#frame = new Int16Array(Math.round((rateHz * FRAME_MS) / 1000));
    this.#feedback = Math.exp((-2 * Math.PI * HIGH_PASS_HZ) / rateHz);
    this.#framesToBegin = Math.max(1, Math.round(minSpeechMs / FRAME_MS));
    this.#framesToEnd = Math.max(1, Math.round(holdMs / FRAME_MS));
  }

  /** Samples of one step: the state changes only at multiples of it. */
  get frameSamples(): number {
    return this.#frame.length;
  }

  /** Whether the person was speaking at the end of the last whole frame. */
  get isSpeaking(): boolean {
    return this.#isSpeaking;
  }

  /** The room without speech, in dBFS. */
  get floorDb(): number {
    return this.#floorDb ?? FLOOR_MIN_DB;
  }

  /** Position of the first sample of the speech heard last, counted from the first sample ever fed; to one frame. */
  get speechStart(): number {
    return this.#speechStart;
  }

  /** Position behind the last sample that was loud enough for speech; to one frame. */
  get speechEnd(): number {
    return this.#speechEnd;
  }

  /** Takes the samples that follow those of the call before. */
  feed(samples: Int16Array): SpeechReport {
    const before = this.#isSpeaking;
    for (const sample of samples) {
      this.#frame[this.#filled] = this.#highPass(sample);
      this.#filled += 1;
      if (this.#filled === this.#frame.length) this.#judge();
    }
    return { isSpeaking: this.#isSpeaking, hasChanged: this.#isSpeaking !== before, levelDb: this.#levelDb };
  }

  #highPass(sample: number): number {
    const out = this.#feedback * (this.#lastOut + sample - this.#lastIn);
    this.#lastIn = sample;
    this.#lastOut = out;
    return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(out)));
  }

  #judge(): void {
    this.#filled = 0;
    this.#position += this.#frame.length;
    this.#levelDb = rmsDb(this.#frame);
    const floorDb = this.#trackFloor(Math.max(FLOOR_MIN_DB, this.#levelDb));
    if (this.#isSpeaking) this.#judgeEnd(floorDb);
    else this.#judgeBegin(floorDb);
  }

  #judgeBegin(floorDb: number): void {
    if (this.#levelDb < Math.max(floorDb + BEGIN_DB, this.#minDb)) {
      // A gap takes back what it lasts, so that a stutter of clicks does not add up.
      this.#loudFrames = Math.max(0, this.#loudFrames - 1);
      return;
    }
    const begin = this.#position - this.#frame.length;
    if (this.#loudFrames === 0 && begin - this.#loudEnd >= this.#joinSamples) this.#runStart = begin;
    this.#loudEnd = this.#position;
    this.#loudFrames += 1;
    if (this.#loudFrames < this.#framesToBegin) return;
    this.#isSpeaking = true;
    this.#quietFrames = 0;
    this.#speechStart = this.#runStart;
    this.#speechEnd = this.#position;
  }

  #judgeEnd(floorDb: number): void {
    if (this.#levelDb >= floorDb + GO_ON_DB) {
      this.#quietFrames = 0;
      this.#speechEnd = this.#position;
      return;
    }
    this.#quietFrames += 1;
    if (this.#quietFrames < this.#framesToEnd) return;
    this.#isSpeaking = false;
    this.#loudFrames = 0;
  }

  #trackFloor(levelDb: number): number {
    const part = this.#parts.length - 1;
    const lowest = this.#parts[part];
    if (lowest === undefined || this.#framesInPart === FLOOR_PART_FRAMES) {
      this.#parts.push(levelDb);
      if (this.#parts.length > FLOOR_PARTS) this.#parts.shift();
      this.#framesInPart = 1;
    } else {
      this.#parts[part] = Math.min(lowest, levelDb);
      this.#framesInPart += 1;
    }
    const quietest = Math.min(...this.#parts);
    const floorDb = this.#floorDb ?? Math.min(levelDb, FIRST_FLOOR_MAX_DB);
    this.#floorDb = Math.min(quietest, floorDb + (FLOOR_RISE_DB_PER_S * FRAME_MS) / 1000);
    return this.#floorDb;
  }
}
