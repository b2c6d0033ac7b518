import { EngineMissingError, HotwordError, messageOf } from '../errors.js';

/** A tensor of 32-bit floats over memory of the caller's: what is written there later is what the next run sees. */
type FloatTensor = object;

/** What a model takes or gives; a length that may vary is -1. */
export interface OnnxValue {
  name: string;
  shape: readonly number[];
}

/** A loaded model. */
interface OnnxModel {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Runs the model on the calling thread; the result is written into the tensors of `fetches`. */
  run(feeds: Readonly<Record<string, FloatTensor>>, fetches: Readonly<Record<string, FloatTensor>>): void;
}

/** The part of onnxruntime-node that is used. */
export interface OnnxRuntime {
  tensor(data: Float32Array, shape: readonly number[]): FloatTensor;
  /** Throws HotwordError naming the file when it is no model. */
  load(path: string): OnnxModel;
}

interface NativeSession {
  readonly inputMetadata: readonly OnnxValue[];
  readonly outputMetadata: readonly OnnxValue[];
  loadModel(path: string, options: Readonly<Record<string, unknown>>): void;
  run(feeds: object, fetches: object, options: object): void;
}

interface NativeBinding {
  binding: { InferenceSession: new () => NativeSession };
  initOrt(): void;
}

/** One thread that does not wait by spinning: a run takes a millisecond. */
const SESSION_OPTIONS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableMemPattern: true,
};
const RUN_OPTIONS = {};

/**
 * Loads ONNX Runtime. Uses the package's own binding, because its public `run` always answers later, and the position
 * of a hotword is that of the chunk in hand; so the package is pinned to one version. Throws EngineMissingError when it
 * is not there.
 */
export async function loadOnnxRuntime(load = () => import('onnxruntime-node')): Promise<OnnxRuntime> {
  try {
    const { Tensor } = await load();
    const module = 'onnxruntime-node/dist/binding.js';
    const { binding, initOrt } = (await import(module)) as NativeBinding;
    initOrt();
    return {
      tensor: (data, shape) => new Tensor('float32', data, shape),
      load: (path) => {
        const session = new binding.InferenceSession();
        try {
          session.loadModel(path, SESSION_OPTIONS);
        } catch (error) {
          throw new HotwordError(
            `${path} is no ONNX model that can be used (${messageOf(error)}); get it again with: tars-client models download`,
            { cause: error },
          );
        }
        return {
          inputs: session.inputMetadata,
          outputs: session.outputMetadata,
          run: (feeds, fetches) => session.run(feeds, fetches, RUN_OPTIONS),
        };
      },
    };
  } catch (error) {
    throw new EngineMissingError(
      `the package onnxruntime-node cannot be loaded (${messageOf(error)}); install it with npm ci, or choose ` +
        'hotword.engine = "pocketsphinx"',
      { cause: error },
    );
  }
}
