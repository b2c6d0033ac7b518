/** So long a pause, in frames of 10 ms, ends a stretch of speech. Within words there are none so long. */
const PAUSE_FRAMES = 30;
/** Two loud frames are a click or a breath. */
const SPEECH_FRAMES = 3;

/** Knows where speech began: after the last pause. Frames are counted from the beginning of an utterance. */
export class PauseWatch {
  #frames = 0;
  #quiet = 0;
  #loud = 0;
  #speechSince = Number.NEGATIVE_INFINITY;
  #louderSince = Number.NEGATIVE_INFINITY;

  /** The first frame of speech since the last pause; minus infinity where that was before this utterance. */
  get speechSince(): number {
    return this.#speechSince;
  }

  /** The first frame of somebody louder, shortly after the first sound; minus infinity where there is none. */
  get louderSince(): number {
    return this.#louderSince;
  }

  /**
   * An utterance begins: after a pause of which it has so many frames, or else in the middle of anything. Somebody
   * louder, whom the gate makes a new beginning, counts as after a pause: who calls over a television is heard as out of
   * quiet. Where the sound before was short, it comes again, with `louderFrames` frames before who is louder. The first
   * frames may come again, so none counts that came before.
   */
  begin(pauseFrames?: number, louderFrames = Number.NEGATIVE_INFINITY): void {
    this.#frames = 0;
    this.#speechSince = pauseFrames ?? Number.NEGATIVE_INFINITY;
    this.#louderSince = louderFrames;
    if (pauseFrames === undefined) return;
    this.#quiet = 0;
    this.#loud = 0;
  }

  frame(isLoud: boolean): void {
    this.#frames += 1;
    this.#loud = isLoud ? this.#loud + 1 : 0;
    if (!isLoud) this.#quiet += 1;
    if (this.#loud < SPEECH_FRAMES) return;
    if (this.#quiet >= PAUSE_FRAMES) this.#speechSince = this.#frames - this.#loud;
    this.#quiet = 0;
  }
}
