import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HotwordConfigError, HotwordError, messageOf } from '../errors.js';
import type { Detection, HotwordEngine, PhraseScore, Tuning } from './engine.js';
import { loadOnnxRuntime } from './onnx.js';
import { OnsetGate } from './onset-gate.js';
import { OpenWakeWordPipeline } from './openwakeword-pipeline.js';
import { STEP_SAMPLES } from './openwakeword-shapes.js';
import { Thresholds } from './thresholds.js';

/** Options of `createOpenWakeWord`. */
export interface OpenWakeWordOptions {
  phrases: readonly string[];
  /** Folder with melspectrogram.onnx and embedding_model.onnx. */
  frontEndDir: string;
  /** Phrase → its classifier, an .onnx file. */
  models: Readonly<Record<string, string>>;
  /** 0 to 1; the score from which a phrase counts as heard. */
  threshold: number;
  /** Phrase → a threshold of its own. */
  thresholds?: Readonly<Record<string, number>>;
  /** Within a reply no threshold is below this. */
  replyThreshold?: number;
}

const RATE_HZ = 16_000;
const FRAME_SAMPLES = 160;
const FRAMES_A_CHUNK = 2;
/** A classifier may want to hear half a second of quiet after the phrase. */
const HANG_FRAMES = 80;

/**
 * Makes openWakeWord's engine: needs models and no account. Throws HotwordError, with the remedy, when the package or a
 * model is missing or wrong.
 */
export async function createOpenWakeWord(options: OpenWakeWordOptions): Promise<HotwordEngine> {
  const { phrases, models, frontEndDir } = options;
  if (phrases.length === 0)
    throw new HotwordConfigError('hotword.phrases is empty; name at least one phrase, or engine "none"');
  const thresholds = new Thresholds({ ...options, section: 'hotword.openwakeword' });
  const classifiers = phrases.map((phrase) => {
    const model = models[phrase];
    if (model) return model;
    const known = Object.keys(models).map((each) => JSON.stringify(each));
    throw new HotwordConfigError(
      `hotword.openwakeword.models has no model for the phrase ${JSON.stringify(phrase)}` +
        `${known.length > 0 ? `, only for ${known.join(', ')}` : ''}; add one, as in { ${JSON.stringify(phrase)} = "FILE.onnx" }`,
    );
  });
  const files = {
    melspectrogram: join(frontEndDir, 'melspectrogram.onnx'),
    embedding: join(frontEndDir, 'embedding_model.onnx'),
    classifiers,
  };
  for (const path of [files.melspectrogram, files.embedding, ...classifiers]) {
    await access(path).catch((error: unknown) => {
      throw new HotwordConfigError(
        `the model ${path} cannot be read (${messageOf(error)}); tars-client models shows what there is, and hotword.openwakeword.front_end_dir and models say where`,
        { cause: error },
      );
    });
  }
  const pipeline = new OpenWakeWordPipeline(await loadOnnxRuntime(), files);
  return new OpenWakeWordEngine({ pipeline, phrases, thresholds });
}

interface EngineOptions {
  pipeline: OpenWakeWordPipeline;
  phrases: readonly string[];
  thresholds: Thresholds;
}

class OpenWakeWordEngine implements HotwordEngine {
  readonly name = 'openwakeword';
  readonly phrases: readonly string[];
  readonly rateHz = RATE_HZ;
  /** A quarter of the models' step, so that catching up after an onset never takes two steps in one chunk. */
  readonly chunkSamples = FRAME_SAMPLES * FRAMES_A_CHUNK;
  readonly tuning: Tuning;
  readonly #thresholds: Thresholds;
  readonly #gate: OnsetGate;
  readonly #step = new Int16Array(STEP_SAMPLES);
  #pipeline: OpenWakeWordPipeline | undefined;
  #filled = 0;
  #framesAfter = 0;
  #heard: Detection | undefined;
  #scoreWatcher: ((score: PhraseScore) => void) | undefined;

  constructor({ pipeline, phrases, thresholds }: EngineOptions) {
    this.phrases = phrases;
    this.#thresholds = thresholds;
    this.tuning = {
      thresholds: thresholds.values,
      windowSamples: pipeline.windowSamples,
      setThreshold: (phrase, threshold) => thresholds.set(phrase, threshold),
      during: (situation) => thresholds.during(situation),
      watchScores: (watcher) => {
        this.#scoreWatcher = watcher;
      },
    };
    this.#pipeline = pipeline;
    this.#gate = new OnsetGate({
      frameSamples: FRAME_SAMPLES,
      hangFrames: HANG_FRAMES,
      sink: { begin: () => this.#begin(), frame: (samples, framesBehind) => this.#take(samples, framesBehind) },
    });
  }

  process(chunk: Int16Array): Detection | undefined {
    this.#open();
    this.#heard = undefined;
    for (let i = 0; i < FRAMES_A_CHUNK; i++) {
      this.#framesAfter = FRAMES_A_CHUNK - 1 - i;
      this.#gate.push(chunk, i * FRAME_SAMPLES);
    }
    return this.#heard;
  }

  reset(): void {
    this.#gate.reset();
    this.#begin();
  }

  close(): void {
    this.#pipeline = undefined;
  }

  #open(): OpenWakeWordPipeline {
    if (!this.#pipeline) throw new HotwordError('this openwakeword engine is closed');
    return this.#pipeline;
  }

  #begin(): void {
    this.#filled = 0;
    this.#open().reset();
  }

  /** Answers whether a phrase was heard. */
  #take(samples: Int16Array, framesBehind: number): boolean {
    this.#step.set(samples, this.#filled);
    this.#filled += samples.length;
    if (this.#filled < STEP_SAMPLES) return false;
    this.#filled = 0;
    const pipeline = this.#open();
    pipeline.step(this.#step);
    let best = -1;
    for (let i = 0; i < pipeline.scores.length; i++) {
      const score = pipeline.scores[i] ?? 0;
      const phrase = this.phrases[i] ?? '';
      const isHeard = score >= this.#thresholds.of(phrase);
      if (isHeard && score > (pipeline.scores[best] ?? 0)) best = i;
      this.#scoreWatcher?.({ phrase, score: Math.min(1, score), isHeard });
    }
    const score = pipeline.scores[best];
    if (score === undefined) return false;
    const framesAfter = this.#framesAfter + framesBehind;
    // The classifiers tell in the phrase's last sound: for people saying "alexa" 60 ms before its end, in the middle.
    const endedSamplesAgo = framesAfter * FRAME_SAMPLES;
    this.#heard ??= { phrase: this.phrases[best] ?? '', score: Math.min(1, score), endedSamplesAgo };
    this.#begin();
    return true;
  }
}
