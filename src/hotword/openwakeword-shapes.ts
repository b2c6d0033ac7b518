import { HotwordConfigError, messageOf } from '../errors.js';
import type { OnnxRuntime, OnnxValue } from './onnx.js';

/** New samples of each step: 80 ms at 16 kHz. */
export const STEP_SAMPLES = 1280;
/** Samples before the new ones that the mel spectrogram sees again. */
export const CONTEXT_SAMPLES = 480;
/** Frames of the mel spectrogram that a step adds. */
export const FRAMES_A_STEP = 8;
/** Numbers of a frame. */
export const BANDS = 32;
/** Frames that make an embedding. */
export const FRAMES = 76;
/** Numbers of an embedding. */
export const NUMBERS = 96;
/** Embeddings that a classifier of the release sees, but for a few: taken where a model leaves the number open. */
const EMBEDDINGS = 16;
/** The most that a classifier may see: ten seconds. */
const MOST_EMBEDDINGS = 128;

/** The two models that all phrases share, and the one of a phrase. */
export type ModelKind = 'melspectrogram' | 'embedding' | 'classifier';

interface Shapes {
  input: readonly number[];
  output: readonly number[];
}

/** What each kind takes and gives in one step; a classifier takes 1 to `MOST_EMBEDDINGS` instead of these. */
const SHAPES: Readonly<Record<ModelKind, Shapes>> = {
  melspectrogram: { input: [1, CONTEXT_SAMPLES + STEP_SAMPLES], output: [1, 1, FRAMES_A_STEP, BANDS] },
  embedding: { input: [1, FRAMES, BANDS, 1], output: [1, 1, 1, NUMBERS] },
  classifier: { input: [1, EMBEDDINGS, NUMBERS], output: [1, 1] },
};

/** A model of the kind asked for, with one input and one output of 32-bit floats. */
export interface LoadedModel {
  /** What it takes; of a classifier the second length is how many embeddings it sees. */
  inputShape: readonly number[];
  /** A run of the model, which allocates nothing: reads `from`, of `inputShape`, and writes its result to `to`. */
  bind(from: Float32Array, to: Float32Array): () => void;
}

/**
 * Loads a model and runs it once. Throws HotwordError naming the file when it is no model, one of another kind, or one
 * that cannot be run.
 */
export function loadModel(runtime: OnnxRuntime, path: string, kind: ModelKind): LoadedModel {
  const model = runtime.load(path);
  const shapes = SHAPES[kind];
  const [input, output] = [model.inputs[0], model.outputs[0]];
  const inputShape = kind === 'classifier' ? [1, embeddingsOf(input), NUMBERS] : shapes.input;
  const isSingle = model.inputs.length === 1 && model.outputs.length === 1;
  if (!isSingle || !input || !output || !fits(input, inputShape) || !fits(output, shapes.output)) {
    throw new HotwordConfigError(
      `${path} is a model of another kind: it takes ${describe(model.inputs)} and gives ${describe(model.outputs)}, and ` +
        `here one is needed that takes ${wantedInput(kind)} and gives [${shapes.output.join(', ')}]; look at ` +
        'hotword.openwakeword.models and front_end_dir',
    );
  }
  const bind = (from: Float32Array, to: Float32Array) => {
    const feeds = { [input.name]: runtime.tensor(from, inputShape) };
    const fetches = { [output.name]: runtime.tensor(to, shapes.output) };
    return () => model.run(feeds, fetches);
  };
  try {
    bind(new Float32Array(sizeOf(inputShape)), new Float32Array(sizeOf(shapes.output)))();
  } catch (error) {
    throw new HotwordConfigError(
      `${path} cannot be run (${messageOf(error)}); it must take and give 32-bit floats: export it anew so, or look at ` +
        'hotword.openwakeword.models and front_end_dir',
      { cause: error },
    );
  }
  return { inputShape, bind };
}

/** How many embeddings a classifier sees; what nothing fits where it is none. */
function embeddingsOf(input: OnnxValue | undefined): number {
  const length = input?.shape[1] ?? 0;
  if (length === -1) return EMBEDDINGS;
  return length >= 1 && length <= MOST_EMBEDDINGS ? length : Number.NaN;
}

function fits({ shape }: OnnxValue, wanted: readonly number[]): boolean {
  return shape.length === wanted.length && shape.every((length, i) => length === -1 || length === wanted[i]);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

function describe(values: readonly OnnxValue[]): string {
  return values.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
}

function wantedInput(kind: ModelKind): string {
  return kind === 'classifier' ? `[1, 1 to ${MOST_EMBEDDINGS}, ${NUMBERS}]` : `[${SHAPES[kind].input.join(', ')}]`;
}
