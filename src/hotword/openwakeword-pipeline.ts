import { HotwordError } from '../errors.js';
import type { OnnxModel, OnnxRuntime, OnnxValue } from './onnx.js';

/** New samples of each step: 80 ms at 16 kHz. */
export const STEP_SAMPLES = 1280;
const CONTEXT_SAMPLES = 480;
const FRAMES_A_STEP = 8;
const BANDS = 32;
const FRAMES = 76;
const NUMBERS = 96;
const EMBEDDINGS = 16;
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
    const load = (path: string, shapes: Shapes, input: Float32Array, output: Float32Array) => {
      const model = runtime.load(path);
      const [from, to] = namesOf(path, model, shapes);
      const feeds = { [from]: runtime.tensor(input, shapes.input) };
      const fetches = { [to]: runtime.tensor(output, shapes.output) };
      return () => model.run(feeds, fetches);
    };
    this.#runs = [
      load(
        files.melspectrogram,
        { input: [1, this.#samples.length], output: [1, 1, FRAMES_A_STEP, BANDS] },
        this.#samples,
        this.#newFrames,
      ),
      load(
        files.embedding,
        { input: [1, FRAMES, BANDS, 1], output: [1, 1, 1, NUMBERS] },
        this.#frames,
        this.#newNumbers,
      ),
    ];
    this.#classify = files.classifiers.map((path, i) =>
      load(path, { input: [1, EMBEDDINGS, NUMBERS], output: [1, 1] }, this.#numbers, this.scores.subarray(i, i + 1)),
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

interface Shapes {
  input: readonly number[];
  output: readonly number[];
}

/** The names of a model's one input and one output. */
function namesOf(path: string, { inputs, outputs }: OnnxModel, shapes: Shapes): [input: string, output: string] {
  const [input, output] = [inputs[0], outputs[0]];
  if (input && output && inputs.length === 1 && fits(input, shapes.input) && fits(output, shapes.output)) {
    return [input.name, output.name];
  }
  const describe = (values: readonly OnnxValue[]) => values.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
  throw new HotwordError(
    `${path} is a model of another kind: it takes ${describe(inputs)} and gives ${describe(outputs)}, and here one is ` +
      `needed that takes [${shapes.input.join(', ')}] and gives [${shapes.output.join(', ')}]; look at ` +
      'hotword.openwakeword.models and front_end_dir',
  );
}

function fits({ shape }: OnnxValue, wanted: readonly number[]): boolean {
  return shape.length === wanted.length && shape.every((length, i) => length === -1 || length === wanted[i]);
}
