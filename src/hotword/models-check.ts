import { basename, dirname } from 'node:path';
import { HotwordError, messageOf } from '../errors.js';
import { kindOf } from './models-folder.js';
import { recordedSums, sha256Of } from './models-store.js';
import { knownModel } from './models-table.js';
import { loadOnnxRuntime, type OnnxRuntime } from './onnx.js';
import { loadModel } from './openwakeword-shapes.js';

/** What is known of a model's file. */
export interface ModelCheck {
  /** Where its hash stands: as the release has it, as it was when it was put there, neither, or not noted anywhere. */
  hash: 'of the release' | 'as it was put there' | 'changed' | 'not noted';
  /** Why it cannot be used, in a sentence; undefined when it can. */
  fault?: string | undefined;
}

/** Looks at one model after the other; ONNX Runtime is loaded once. */
export class ModelChecker {
  readonly #load: () => Promise<OnnxRuntime>;
  #runtime: Promise<OnnxRuntime> | undefined;

  /** @param load loads ONNX Runtime. */
  constructor(load: () => Promise<OnnxRuntime> = loadOnnxRuntime) {
    this.#load = load;
  }

  /** Hash, form and shapes of a model, and whether it runs. Throws EngineMissingError when ONNX Runtime is not there. */
  async check(path: string): Promise<ModelCheck> {
    this.#runtime ??= this.#load();
    const runtime = await this.#runtime;
    try {
      const hash = await hashState(path);
      loadModel(runtime, path, kindOf(basename(path)));
      const fault = hash === 'changed' ? `${path} has changed since it was put there; get it again` : undefined;
      return { hash, fault };
    } catch (error) {
      if (error instanceof HotwordError) return { hash: await hashState(path), fault: error.message };
      return { hash: 'not noted', fault: `${path} cannot be read (${messageOf(error)})` };
    }
  }
}

async function hashState(path: string): Promise<ModelCheck['hash']> {
  const found = await sha256Of(path);
  const file = basename(path);
  if (found === knownModel(file)?.sha256) return 'of the release';
  const noted = (await recordedSums(dirname(path))).get(file);
  if (noted === undefined) return 'not noted';
  return noted === found ? 'as it was put there' : 'changed';
}
