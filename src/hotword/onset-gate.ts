/** Who listens behind an `OnsetGate`. */
interface GateSink {
  /**
   * What follows is a new stretch of sound, at another loudness: forget what came before. Its first `framesBefore`
   * frames are from before the onset: the room. Where the onset was that of a soft first word, and what follows it made
   * the new stretch, `framesToLouder` frames come before that. Some of the frames may have been handed on already.
   */
  begin(framesBefore: number, framesToLouder?: number): void;
  /**
   * Takes one frame of an open stretch. The array is reused and may be changed. `framesBehind` frames came in after it
   * already; `isLoud` says that it stands out from the noise of the room. Answers whether it found what it was listening
   * for; then nothing up to this frame is handed on a second time.
   */
  frame(samples: Int16Array, framesBehind: number, isLoud: boolean): boolean;
}

/** Options of `OnsetGate`. */
export interface OnsetGateOptions {
  /** Samples of a frame of 10 ms. */
  frameSamples: number;
  /** The loudest frame of what comes out has about this level (root mean square), in dBFS. @default as it came in */
  targetDb?: number;
  /** Pauses up to this long do not end a stretch, in frames of 10 ms. @default 50 */
  hangFrames?: number;
  sink: GateSink;
}

const FULL_SCALE = 32_768;
const SILENCE_DB = -100;
/** Sound begins this far above the noise of the room; white noise stays within 2 dB of its floor. */
const OPEN_DB = 6;
/** Below it nothing is speech, as a root mean square in dBFS: the noise of converters. */
const LOUD_MIN_DB = -66;
/** A click is shorter. */
const ONSET_FRAMES = 2;
/** What is handed on from before an onset: the breath of an h, and some room for the decoder to know the noise. */
const LOOK_BACK_FRAMES = 20;
/** How much of the onset is heard before its loudness is judged: the first syllable. */
const LOOK_AHEAD_FRAMES = 20;
const HANG_FRAMES = 50;
/** Somebody this much louder than what was heard so far is another speaker. */
const LOUDER_DB = 8;
/** Unless the sound began so shortly before: then it may be the soft "hey" of a phrase, and comes again with the rest. */
const YOUNG_FRAMES = 60;
/** So quickly is a loud sound forgotten: 5 dB a second. */
const RELEASE_DB_A_FRAME = 0.05;
/** The floor rises 2 dB a second and falls by a fifth of the distance a frame. */
const FLOOR_RISE_DB_A_FRAME = 0.02;
const FLOOR_FALL = 0.2;
/** Supposed while the room is not known. */
const FIRST_FLOOR_DB = -60;
/** Lower it would make no frame loud that is not; it would only take longer to rise. */
const LOWEST_FLOOR_DB = LOUD_MIN_DB - OPEN_DB;
/** Catching up is spread, so that no chunk costs much more than the others. */
const FRAMES_A_FRAME = 3;
/** The longest that is held: a young sound with what came before it, until the loudness of what follows is known. */
const RING_FRAMES = LOOK_BACK_FRAMES + YOUNG_FRAMES + LOOK_AHEAD_FRAMES;

/**
 * Stands in front of an engine whose hearing depends on loudness and on what it heard before: hands on nothing while
 * the room is quiet, and what it hands on begins shortly before the sound does and is always about equally loud. It
 * learns the loudness from the first 200 ms of a sound and then catches up, so that nothing is told later for it.
 * Allocates nothing after construction.
 */
export class OnsetGate {
  readonly #options: OnsetGateOptions;
  readonly #ring: Int16Array;
  readonly #ringDb = new Float64Array(RING_FRAMES).fill(SILENCE_DB);
  readonly #ringIsLoud: boolean[] = new Array(RING_FRAMES).fill(false);
  readonly #levelled: Int16Array;
  #written = 0;
  #read = 0;
  #notBefore = 0;
  #onset = 0;
  #louder: number | undefined;
  #isOpen = false;
  #awaited = 0;
  #loudFrames = 0;
  #quietFrames = 0;
  #floorDb = FIRST_FLOOR_DB;
  #levelDb = SILENCE_DB;

  constructor(options: OnsetGateOptions) {
    this.#options = options;
    this.#ring = new Int16Array(RING_FRAMES * options.frameSamples);
    this.#levelled = new Int16Array(options.frameSamples);
  }

  /** Takes the frame of `samples` that starts at `offset`. */
  push(samples: Int16Array, offset: number): void {
    const db = this.#store(samples, offset);
    this.#learnFloor(db);
    const isLoud = db > Math.max(this.#floorDb + OPEN_DB, LOUD_MIN_DB);
    this.#ringIsLoud[(this.#written - 1) % RING_FRAMES] = isLoud;
    if (this.#awaited > 0) {
      this.#awaited -= 1;
      if (this.#awaited === 0) this.#open();
    } else if (this.#isOpen) {
      if (this.#options.targetDb !== undefined && db > this.#levelDb + LOUDER_DB) this.#await();
      else this.#levelDb = Math.max(db, this.#levelDb - RELEASE_DB_A_FRAME);
      this.#quietFrames = isLoud ? 0 : this.#quietFrames + 1;
      if (this.#quietFrames > (this.#options.hangFrames ?? HANG_FRAMES)) this.#isOpen = false;
    } else {
      this.#loudFrames = isLoud ? this.#loudFrames + 1 : 0;
      if (this.#loudFrames >= ONSET_FRAMES) this.#await();
    }
    if (this.#isOpen && this.#awaited === 0) this.#handOn();
  }

  /** Forgets every sample, and keeps what it knows of the room: the next frame may be from another time. */
  reset(): void {
    this.#isOpen = false;
    this.#awaited = 0;
    this.#loudFrames = 0;
    this.#read = this.#written;
    this.#notBefore = this.#written;
  }

  /** Samples that are all alike come from no room: a muted microphone, or the beginning of a recording. */
  #learnFloor(db: number): void {
    const towards = db === SILENCE_DB ? FIRST_FLOOR_DB : Math.max(db, LOWEST_FLOOR_DB);
    const isFalling = db === SILENCE_DB || towards < this.#floorDb;
    this.#floorDb += isFalling ? (towards - this.#floorDb) * FLOOR_FALL : FLOOR_RISE_DB_A_FRAME;
  }

  /** Keeps a frame; answers its level without the DC offset. */
  #store(samples: Int16Array, offset: number): number {
    const { frameSamples } = this.#options;
    const slot = this.#written % RING_FRAMES;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < frameSamples; i++) {
      const sample = samples[offset + i] ?? 0;
      this.#ring[slot * frameSamples + i] = sample;
      sum += sample;
      squares += sample * sample;
    }
    const power = squares / frameSamples - (sum / frameSamples) ** 2;
    const db = power > 0 ? Math.max(SILENCE_DB, 10 * Math.log10(power / FULL_SCALE ** 2)) : SILENCE_DB;
    this.#ringDb[slot] = db;
    this.#written += 1;
    return db;
  }

  #await(): void {
    this.#awaited = LOOK_AHEAD_FRAMES;
    this.#loudFrames = 0;
    const onset = this.#written - ONSET_FRAMES;
    // What ended in a find is no beginning of another phrase.
    const isYoung = this.#isOpen && this.#written - this.#onset <= YOUNG_FRAMES && this.#notBefore <= this.#onset;
    this.#louder = isYoung ? onset : undefined;
    if (!isYoung) this.#onset = onset;
    this.#read = Math.max(this.#notBefore, this.#onset + ONSET_FRAMES - LOOK_BACK_FRAMES);
  }

  #open(): void {
    this.#isOpen = true;
    this.#quietFrames = 0;
    this.#levelDb = SILENCE_DB;
    for (let i = this.#read; i < this.#written; i++) {
      this.#levelDb = Math.max(this.#levelDb, this.#ringDb[i % RING_FRAMES] ?? SILENCE_DB);
    }
    const toLouder = this.#louder === undefined ? undefined : this.#louder - this.#read;
    this.#options.sink.begin(Math.max(0, this.#onset - this.#read), toLouder);
  }

  #handOn(): void {
    const { frameSamples, targetDb, sink } = this.#options;
    const gain = targetDb === undefined ? 1 : 10 ** ((targetDb - this.#levelDb) / 20);
    for (let n = 0; n < FRAMES_A_FRAME && this.#read < this.#written; n++) {
      const slot = this.#read % RING_FRAMES;
      const start = slot * frameSamples;
      for (let i = 0; i < frameSamples; i++) {
        const sample = Math.round((this.#ring[start + i] ?? 0) * gain);
        this.#levelled[i] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, sample));
      }
      this.#read += 1;
      const isLoud = this.#ringIsLoud[slot] ?? false;
      if (sink.frame(this.#levelled, this.#written - this.#read, isLoud)) this.#notBefore = this.#read;
    }
  }
}
