import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineMissingError, HotwordConfigError, HotwordError } from '../errors.js';
import type { Detection, HotwordEngine, PhraseScore, Tuning } from './engine.js';
import { noisyMean } from './noisy-mean.js';
import { OnsetGate } from './onset-gate.js';
import { PauseWatch } from './pause-watch.js';
import { dictionaryText, type Pronunciations, pronounce, waysToSay } from './pronunciation.js';
import { SphinxJudge } from './sphinx-judge.js';
import { loadSphinx, type Pointer, type SphinxLibrary, type SphinxNames } from './sphinx-library.js';
import { SphinxSearches, type SphinxSearchesOptions } from './sphinx-searches.js';
import { Thresholds } from './thresholds.js';

/** Options of `createPocketsphinx`. */
export interface PocketsphinxOptions {
  phrases: readonly string[];
  /** Likelihood ratio from which a phrase counts as heard, above 0 and at most 1; smaller hears more, rightly and wrongly. */
  threshold: number;
  /** Phrase → a threshold of its own. */
  thresholds?: Readonly<Record<string, number>>;
  /** Within a reply no threshold is below this. */
  replyThreshold?: number;
  /** In the middle of speech, without a pause in front of the phrase, no threshold is below this. */
  speechThreshold?: number;
  /** Word → its pronunciations in CMU phones; these win over the dictionary. */
  pronunciations: Readonly<Record<string, readonly string[]>>;
  /** See `PronounceOptions`. */
  onGuess?: ((word: string, phones: string) => void) | undefined;
  /** Folder with the English model and its dictionary. @default Debian's, of pocketsphinx-en-us */
  modelDir?: string;
  /** Names of the shared libraries. @default Debian's */
  libraries?: SphinxNames;
}

const MODEL_DIR = '/usr/share/pocketsphinx/model/en-us';
const RATE_HZ = 16_000;
/** The decoder works in steps of 10 ms; a smaller chunk would tell no more. */
const STEP_SAMPLES = RATE_HZ / 100;
const STEPS_A_CHUNK = 2;
/** Sounds are scored in every second step: in speech 1.7 % of a core instead of 3.0 %; 1 in 100 words of people less. */
const ACOUSTIC_STEPS = '2';

/**
 * From the end of a phrase to the step in which the decoder tells it: it waits 100 ms for a better end (-kws_delay),
 * and its front end is 40 ms behind. Measured against the phones of flite's three voices, silence or speech following:
 * 31 to 204 ms, 139 ms in the middle. Against the last audible sample the end is told some 80 ms early, never late.
 */
const DELAY_SAMPLES = (140 * RATE_HZ) / 1000;

/** A stretch of sound without a pause ends an utterance this old, so that no counter of the decoder grows for months. */
const UTTERANCE_STEPS = 60 * 100; // 1 minute

/**
 * The decoder takes a running mean off its cepstra, which would make what it hears depend on what it heard before, and
 * the first phrase of all a matter of luck. So every sound is brought to one loudness and begins with one mean: that of
 * the recordings of people in ../shared/hotword and of flite's voices at this loudness, 3 parts to 7, with 3 added to
 * the first number. Measured on those people at a threshold of 1e-25, with 1e-20 and the running mean in brackets:
 * "alexa" 36 (33) of 40, "computer" 35 (30), "jarvis" 33 (30).
 */
const LEVEL_DB = -26;
const CEPSTRAL_MEAN = Float32Array.of(
  ...[42.72, 2.63, 1.42, 16.0, -2.19, -1.1, 1.35, -8.94, -0.87, -1.66, 4.45, -0.82, 1.36],
);

/**
 * The decoder takes steady noise off the spectrum, and its first guess of the noise is the first frame of an utterance
 * less 13 dB (fe_noise.c, MAX_GAIN 20); it would take seconds to correct that. So the room's first frames are made
 * louder by as much. What is left of the noise in the frames after these shifts the cepstral mean of the speech.
 */
const PRIMING_STEPS = 2;
const PRIMING_GAIN = Math.sqrt(20);
/** The frames of the priming overlap with these. */
const NOISE_FROM_STEP = 5;
/** Leaves out what is soft at the beginning of a phrase. */
const ONSET_MARGIN_STEPS = 4;
const NOISE_STEPS_MIN = 3;

/**
 * Makes the engine that needs no account and no download. Throws HotwordError when the library, the model, or the
 * pronunciation of a word is missing; the message names the remedy.
 */
export async function createPocketsphinx(options: PocketsphinxOptions): Promise<HotwordEngine> {
  const { phrases, modelDir = MODEL_DIR } = options;
  if (phrases.length === 0)
    throw new HotwordConfigError('hotword.phrases is empty; name at least one phrase, or engine "none"');
  const thresholds = new Thresholds({ ...options, section: 'hotword.pocketsphinx' });
  const sphinx = await loadSphinx(options.libraries);
  const dictionaryFile = join(modelDir, 'cmudict-en-us.dict');
  const pronunciations = await pronounce({
    phrases,
    given: options.pronunciations,
    dictionaryFile,
    onGuess: options.onGuess,
  });
  await access(join(modelDir, 'en-us', 'mdef')).catch((error: unknown) => {
    throw new EngineMissingError(`there is no English model in ${modelDir}; install the package pocketsphinx-en-us`, {
      cause: error,
    });
  });
  const spoken = new Map(
    phrases.flatMap((phrase) => waysToSay(phrase, pronunciations).map((way) => [way, phrase] as const)),
  );
  const decoder = await openDecoder(sphinx, { modelDir, pronunciations });
  try {
    return new PocketsphinxEngine({ sphinx, decoder, phrases, spoken, thresholds });
  } catch (error) {
    sphinx.free(decoder);
    throw error;
  }
}

interface DecoderOptions {
  modelDir: string;
  pronunciations: Pronunciations;
}

/** The dictionary that the decoder reads at its start lives no longer than this call. */
async function openDecoder(sphinx: SphinxLibrary, options: DecoderOptions): Promise<Pointer> {
  const dir = await mkdtemp(join(tmpdir(), 'tars-hotword-'));
  try {
    const dictionary = join(dir, 'words.dict');
    await writeFile(dictionary, dictionaryText(options.pronunciations));
    const config = sphinx.configure({
      '-hmm': join(options.modelDir, 'en-us'),
      '-dict': dictionary,
      '-ds': ACOUSTIC_STEPS,
      // The gate leaves out silence; in noise the decoder would take speech for it.
      '-remove_silence': 'no',
    });
    const decoder = config ? sphinx.init(config) : null;
    if (config) sphinx.freeConfig(config);
    if (decoder) return decoder;
    throw new HotwordError(
      `pocketsphinx does not start with the model in ${options.modelDir}; reinstall pocketsphinx-en-us`,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface EngineOptions extends SphinxSearchesOptions {
  phrases: readonly string[];
}

class PocketsphinxEngine implements HotwordEngine {
  readonly name = 'pocketsphinx';
  readonly phrases: readonly string[];
  readonly rateHz = RATE_HZ;
  readonly chunkSamples = STEP_SAMPLES * STEPS_A_CHUNK;
  readonly tuning: Tuning;
  readonly #options: EngineOptions;
  readonly #gate: OnsetGate;
  readonly #pauses = new PauseWatch();
  readonly #judge: SphinxJudge;
  #decoder: Pointer | undefined;
  #utteranceSteps = 0;
  #noiseSteps = 0;
  #primed: ReturnType<SphinxLibrary['cepstralSum']> = { sum: [], frames: 0 };
  #stepsAfter = 0;
  #heard: Detection | undefined;
  #scoreWatcher: ((score: PhraseScore) => void) | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.phrases = options.phrases;
    this.#decoder = options.decoder;
    this.#judge = new SphinxJudge({ ...options, pauses: this.#pauses });
    this.#gate = new OnsetGate({
      frameSamples: STEP_SAMPLES,
      targetDb: LEVEL_DB,
      sink: {
        begin: (framesBefore, framesToLouder) => this.#begin(framesBefore, framesToLouder),
        frame: (samples, framesBehind, isLoud) => this.#step(samples, framesBehind, isLoud),
      },
    });
    const searches = new SphinxSearches(options);
    const between = (change: () => void) => {
      options.sphinx.endUtterance(this.#open());
      change();
      this.#begin();
    };
    this.tuning = {
      thresholds: options.thresholds.values,
      setThreshold: (phrase, threshold) => between(() => searches.set(phrase, threshold)),
      // What is being said goes on where nothing changes for it.
      during: (situation) => {
        if (!searches.stayDuring(situation)) between(() => searches.during(situation));
      },
      watchScores: (watcher) => {
        this.#scoreWatcher = watcher;
      },
    };
    this.#begin();
  }

  process(chunk: Int16Array): Detection | undefined {
    this.#open();
    this.#heard = undefined;
    for (let i = 0; i < STEPS_A_CHUNK; i++) {
      this.#stepsAfter = STEPS_A_CHUNK - 1 - i;
      this.#gate.push(chunk, i * STEP_SAMPLES);
    }
    return this.#heard;
  }

  reset(): void {
    this.#gate.reset();
    this.#begin();
  }

  close(): void {
    if (this.#decoder === undefined) return;
    this.#options.sphinx.free(this.#decoder);
    this.#decoder = undefined;
  }

  #open(): Pointer {
    if (this.#decoder === undefined) throw new HotwordError('this pocketsphinx engine is closed');
    return this.#decoder;
  }

  /** Starts an utterance: at an onset (see `GateSink.begin`), or else in the middle of anything. */
  #begin(stepsBefore?: number, stepsToLouder?: number): void {
    const { sphinx } = this.#options;
    const decoder = this.#open();
    this.#utteranceSteps = 0;
    this.#judge.begin();
    this.#pauses.begin(stepsBefore, stepsToLouder);
    this.#noiseSteps = (stepsBefore ?? 0) - ONSET_MARGIN_STEPS;
    sphinx.endUtterance(decoder);
    if (sphinx.startStream(decoder) < 0 || sphinx.startUtterance(decoder) < 0)
      throw new HotwordError('pocketsphinx does not go on; restart the program');
    sphinx.setCepstralMean(decoder, CEPSTRAL_MEAN);
  }

  /** Answers whether a phrase was heard. */
  #step(samples: Int16Array, stepsBehind: number, isLoud: boolean): boolean {
    const { sphinx } = this.#options;
    const decoder = this.#open();
    if (this.#noiseSteps >= NOISE_FROM_STEP + NOISE_STEPS_MIN) this.#learnNoise(samples);
    if (sphinx.processRaw(decoder, samples, STEP_SAMPLES, 0, 0) < 0) {
      throw new HotwordError('pocketsphinx takes no more sound; restart the program');
    }
    this.#utteranceSteps += 1;
    this.#pauses.frame(isLoud);
    const best = this.#judge.best(decoder, this.#scoreWatcher);
    if (best) {
      const stepsAfter = this.#stepsAfter + stepsBehind;
      this.#heard ??= { ...best, endedSamplesAgo: DELAY_SAMPLES + stepsAfter * STEP_SAMPLES };
      // The decoder knows no ratio of what it has not taken for a phrase.
      this.#scoreWatcher?.({ ...best, isHeard: true });
    }
    if (best || (this.#utteranceSteps >= UTTERANCE_STEPS && sphinx.isInSpeech(decoder) === 0)) this.#begin();
    return best !== undefined;
  }

  /** Before a step of the room's sound: tells the decoder what is noise. Changes the samples. */
  #learnNoise(samples: Int16Array): void {
    const { sphinx } = this.#options;
    const decoder = this.#open();
    if (this.#utteranceSteps < PRIMING_STEPS) {
      for (let i = 0; i < samples.length; i++) {
        samples[i] = Math.max(-32_768, Math.min(32_767, Math.round((samples[i] ?? 0) * PRIMING_GAIN)));
      }
    } else if (this.#utteranceSteps === NOISE_FROM_STEP) {
      this.#primed = sphinx.cepstralSum(decoder);
    } else if (this.#utteranceSteps === this.#noiseSteps) {
      const { sum, frames } = sphinx.cepstralSum(decoder);
      const count = frames - this.#primed.frames;
      // Frames without energy are not counted.
      if (count < NOISE_STEPS_MIN) return;
      const noise = Float32Array.from(sum, (value, i) => (value - (this.#primed.sum[i] ?? 0)) / count);
      sphinx.setCepstralMean(decoder, noisyMean(CEPSTRAL_MEAN, noise));
    }
  }
}
