import { HotwordConfigError } from '../errors.js';
import type { OnnxModel, OnnxRuntime, OnnxValue } from './onnx.js';

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
/** Embeddings that a classifier sees. */
export const EMBEDDINGS = 16;

/** The two models that all phrases share, and the one of a phrase. */
export type ModelKind = 'melspectrogram' | 'embedding' | 'classifier';

interface Shapes {
  input: readonly number[];
  output: readonly number[];
}

/** What each kind takes and gives in one step. */
export const SHAPES: Readonly<Record<ModelKind, Shapes>> = {
  melspectrogram: { input: [1, CONTEXT_SAMPLES + STEP_SAMPLES], output: [1, 1, FRAMES_A_STEP, BANDS] },
  embedding: { input: [1, FRAMES, BANDS, 1], output: [1, 1, 1, NUMBERS] },
  classifier: { input: [1, EMBEDDINGS, NUMBERS], output: [1, 1] },
};

/** A model of the kind asked for, with the names of its one input and its one output. */
export interface LoadedModel {
  model: OnnxModel;
  input: string;
  output: string;
}

/** Loads a model. Throws HotwordError naming the file when it is no model, or one of another kind. */
export function loadModel(runtime: OnnxRuntime, path: string, kind: ModelKind): LoadedModel {
  const model = runtime.load(path);
  const { inputs, outputs } = model;
  const shapes = SHAPES[kind];
  const [input, output] = [inputs[0], outputs[0]];
  if (input && output && inputs.length === 1 && fits(input, shapes.input) && fits(output, shapes.output)) {
    return { model, input: input.name, output: output.name };
  }
  const describe = (values: readonly OnnxValue[]) => values.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
  throw new HotwordConfigError(
    `${path} is a model of another kind: it takes ${describe(inputs)} and gives ${describe(outputs)}, and here one is ` +
      `needed that takes [${shapes.input.join(', ')}] and gives [${shapes.output.join(', ')}]; look at ` +
      'hotword.openwakeword.models and front_end_dir',
  );
}

function fits({ shape }: OnnxValue, wanted: readonly number[]): boolean {
  return shape.length === wanted.length && shape.every((length, i) => length === -1 || length === wanted[i]);
}
