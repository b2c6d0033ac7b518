import type { OnnxRuntime } from './onnx.js';
import {
  BANDS,
  CONTEXT_SAMPLES,
  EMBEDDINGS,
  FRAMES,
  FRAMES_A_STEP,
  loadModel,
  type ModelKind,
  NUMBERS,
  SHAPES,
  STEP_SAMPLES,
} from './openwakeword-shapes.js';

/** After so many steps of silence every number in the buffers comes from silence. */
const PRIMING_STEPS = Math.ceil(FRAMES / FRAMES_A_STEP) + EMBEDDINGS;

/** The files of a pipeline. */
export interface PipelineFiles {
  melspectrogram: string;
  embedding: string;
  /** One classifier for each phrase. */
  classifiers: readonly string[];
}

/**
 * openWakeWord's chain of models: samples → 32 mel bands → 96 numbers that describe three quarters of a second → for
 * each classifier a score over the last 16 of these. Starts, and starts anew after `reset`, as if it had heard silence
 * for long. Allocates no buffer after construction.
 */
export class OpenWakeWordPipeline {
  /** The score of each classifier after the last step, 0 to 1. */
  readonly scores: Float32Array;
  readonly #samples = new Float32Array(CONTEXT_SAMPLES + STEP_SAMPLES);
  readonly #newFrames = new Float32Array(FRAMES_A_STEP * BANDS);
  readonly #frames = new Float32Array(FRAMES * BANDS);
  readonly #newNumbers = new Float32Array(NUMBERS);
  readonly #numbers = new Float32Array(EMBEDDINGS * NUMBERS);
  readonly #silentFrames: Float32Array;
  readonly #silentNumbers: Float32Array;
  readonly #runs: readonly (() => void)[];
  readonly #classify: readonly (() => void)[];

  /** Throws HotwordError when a file is no model or one of another kind. */
  constructor(runtime: OnnxRuntime, files: PipelineFiles) {
    this.scores = new Float32Array(files.classifiers.length);
    const load = (path: string, kind: ModelKind, from: Float32Array, to: Float32Array) => {
      const { model, input, output } = loadModel(runtime, path, kind);
      const feeds = { [input]: runtime.tensor(from, SHAPES[kind].input) };
      const fetches = { [output]: runtime.tensor(to, SHAPES[kind].output) };
      return () => model.run(feeds, fetches);
    };
    this.#runs = [
      load(files.melspectrogram, 'melspectrogram', this.#samples, this.#newFrames),
      load(files.embedding, 'embedding', this.#frames, this.#newNumbers),
    ];
    this.#classify = files.classifiers.map((path, i) =>
      load(path, 'classifier', this.#numbers, this.scores.subarray(i, i + 1)),
    );
    const silence = new Int16Array(STEP_SAMPLES);
    for (let i = 0; i < PRIMING_STEPS; i++) this.step(silence);
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
    this.#numbers.set(this.#newNumbers, (EMBEDDINGS - 1) * NUMBERS);
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
