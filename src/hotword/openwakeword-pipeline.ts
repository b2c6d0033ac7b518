import type { OnnxRuntime } from './onnx.js';
import {
  BANDS,
  CONTEXT_SAMPLES,
  FRAMES,
  FRAMES_A_STEP,
  loadModel,
  NUMBERS,
  STEP_SAMPLES,
} from './openwakeword-shapes.js';

/** After so many steps of silence every frame comes from silence. */
const FRAMES_STEPS = Math.ceil(FRAMES / FRAMES_A_STEP);

/** The files of a pipeline. */
export interface PipelineFiles {
  melspectrogram: string;
  embedding: string;
  /** One classifier for each phrase. */
  classifiers: readonly string[];
}

/**
 * openWakeWord's chain of models: samples → 32 mel bands → 96 numbers that describe three quarters of a second → for
 * each classifier a score over as many of the last of these as it was trained for, mostly 16. Starts, and starts anew
 * after `reset`, as if it had heard silence for long. Allocates no buffer after construction.
 */
export class OpenWakeWordPipeline {
  /** The score of each classifier after the last step, 0 to 1. */
  readonly scores: Float32Array;
  /** What the classifier that looks back farthest sees, in samples. */
  readonly windowSamples: number;
  readonly #samples = new Float32Array(CONTEXT_SAMPLES + STEP_SAMPLES);
  readonly #newFrames = new Float32Array(FRAMES_A_STEP * BANDS);
  readonly #frames = new Float32Array(FRAMES * BANDS);
  readonly #newNumbers = new Float32Array(NUMBERS);
  readonly #numbers: Float32Array;
  readonly #silentFrames: Float32Array;
  readonly #silentNumbers: Float32Array;
  readonly #runs: readonly (() => void)[];
  readonly #classify: readonly (() => void)[];

  /** Throws HotwordError when a file is no model, one of another kind, or one that cannot be run. */
  constructor(runtime: OnnxRuntime, files: PipelineFiles) {
    this.scores = new Float32Array(files.classifiers.length);
    this.#runs = [
      loadModel(runtime, files.melspectrogram, 'melspectrogram').bind(this.#samples, this.#newFrames),
      loadModel(runtime, files.embedding, 'embedding').bind(this.#frames, this.#newNumbers),
    ];
    const classifiers = files.classifiers.map((path) => {
      const { bind, inputShape } = loadModel(runtime, path, 'classifier');
      return { bind, embeddings: inputShape[1] ?? 0 };
    });
    const embeddings = Math.max(...classifiers.map((each) => each.embeddings));
    this.windowSamples = embeddings * STEP_SAMPLES;
    this.#numbers = new Float32Array(embeddings * NUMBERS);
    this.#classify = classifiers.map((each, i) =>
      each.bind(this.#numbers.subarray((embeddings - each.embeddings) * NUMBERS), this.scores.subarray(i, i + 1)),
    );
    const silence = new Int16Array(STEP_SAMPLES);
    for (let i = 0; i < FRAMES_STEPS + embeddings; i++) this.step(silence);
    this.#silentFrames = this.#frames.slice();
    this.#silentNumbers = this.#numbers.slice();
  }

  /** Takes the next `STEP_SAMPLES` samples, and brings `scores` up to date. */
  step(samples: Int16Array): void {
    this.#samples.copyWithin(0, STEP_SAMPLES);
    this.#samples.set(samples, CONTEXT_SAMPLES);
    this.#runs[0]?.();
    this.#frames.copyWithin(0, FRAMES_A_STEP * BANDS);
    const start = (FRAMES - FRAMES_A_STEP) * BANDS;
    for (let i = 0; i < this.#newFrames.length; i++) this.#frames[start + i] = (this.#newFrames[i] ?? 0) / 10 + 2;
    this.#runs[1]?.();
    this.#numbers.copyWithin(0, NUMBERS);
    this.#numbers.set(this.#newNumbers, this.#numbers.length - NUMBERS);
    for (const classify of this.#classify) classify();
  }

  /** Forgets everything heard. */
  reset(): void {
    this.#samples.fill(0);
    this.#frames.set(this.#silentFrames);
    this.#numbers.set(this.#silentNumbers);
    this.scores.fill(0);
  }
}
