import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { HotwordError } from '../../src/errors.js';
import { loadOnnxRuntime } from '../../src/hotword/onnx.js';
import { createOpenWakeWord } from '../../src/hotword/openwakeword.js';
import { OpenWakeWordPipeline } from '../../src/hotword/openwakeword-pipeline.js';
import { STEP_SAMPLES } from '../../src/hotword/openwakeword-shapes.js';
import { hotwordSettings } from '../../src/parts.js';
import { readWav } from '../../src/pcm/wav.js';
import { configOf } from '../helpers/config.js';
import { classifierModel } from '../helpers/onnx-model.js';
import { testEngine } from './engine-contract.js';
import { hearPeople } from './people.js';

const SHARED = resolve('..', 'shared', 'hotword');
const MODELS = join(SHARED, 'models');
const skip = existsSync(MODELS) ? false : `there are no models in ${MODELS}`;
const ALEXA = join(MODELS, 'alexa_v0.1.onnx');
const { threshold } = hotwordSettings(configOf({})).openwakeword;
const OPTIONS = { phrases: ['alexa'], frontEndDir: MODELS, models: { alexa: ALEXA }, threshold };
/** The reference scores nothing before it has 76 frames and 16 embeddings. */
const UNSCORED_STEPS = 24;

const folder = mkdtempSync(join(tmpdir(), 'openwakeword-'));
after(() => rmSync(folder, { recursive: true }));

function clips(): string[] {
  return readdirSync(join(SHARED, 'clips')).filter((name) => name.endsWith('.wav'));
}

async function samplesOf(clip: string): Promise<Int16Array> {
  return (await readWav(join(SHARED, 'clips', clip))).samples;
}

test('the score of every clip is that of the reference to 1e-3, for two classifiers on one front end', {
  skip,
}, async () => {
  const names = ['alexa_v0.1', 'hey_tars'];
  const pipeline = new OpenWakeWordPipeline(await loadOnnxRuntime(), {
    melspectrogram: join(MODELS, 'melspectrogram.onnx'),
    embedding: join(MODELS, 'embedding_model.onnx'),
    classifiers: names.map((name) => join(MODELS, `${name}.onnx`)),
  });
  const { scores } = JSON.parse(readFileSync(join(SHARED, 'reference-scores.json'), 'utf8')) as {
    scores: Record<string, Record<string, number>>;
  };
  for (const clip of clips()) {
    const samples = await samplesOf(clip);
    const sound = new Int16Array(24_000 + samples.length + 24_000);
    sound.set(samples, 24_000);
    const highest = new Float32Array(names.length);
    pipeline.reset();
    for (let step = 0; (step + 1) * STEP_SAMPLES <= sound.length; step++) {
      pipeline.step(sound.subarray(step * STEP_SAMPLES, (step + 1) * STEP_SAMPLES));
      if (step >= UNSCORED_STEPS)
        pipeline.scores.forEach((score, i) => {
          highest[i] = Math.max(highest[i] ?? 0, score);
        });
    }
    names.forEach((name, i) => {
      const off = Math.abs((highest[i] ?? 0) - (scores[clip]?.[name] ?? Number.NaN));
      assert.ok(off <= 1e-3, `${clip}: ${name} is off by ${off}`);
    });
  }
});

test('each classifier sees as many of the last embeddings as it was trained for, whoever else listens', {
  skip,
}, async () => {
  const pathOf = (embeddings: number) => join(folder, `mean_${embeddings}.onnx`);
  for (const embeddings of [14, 28]) writeFileSync(pathOf(embeddings), classifierModel({ embeddings }));
  const runtime = await loadOnnxRuntime();
  const sound = await samplesOf('alexa_01.wav');
  /** The scores of each classifier, step by step, twice. */
  const scoresOf = (...classifiers: string[]) => {
    const pipeline = new OpenWakeWordPipeline(runtime, {
      melspectrogram: join(MODELS, 'melspectrogram.onnx'),
      embedding: join(MODELS, 'embedding_model.onnx'),
      classifiers,
    });
    const scores: number[][] = classifiers.map(() => []);
    for (let round = 0; round < 2; round++) {
      pipeline.reset();
      for (let at = 0; at + STEP_SAMPLES <= sound.length; at += STEP_SAMPLES) {
        pipeline.step(sound.subarray(at, at + STEP_SAMPLES));
        pipeline.scores.forEach((score, i) => {
          scores[i]?.push(score);
        });
      }
    }
    assert.equal(pipeline.windowSamples, (classifiers.includes(pathOf(28)) ? 28 : 16) * STEP_SAMPLES);
    return scores;
  };
  const [alone] = scoresOf(ALEXA);
  const [long = [], short = [], beside = []] = scoresOf(pathOf(28), pathOf(14), ALEXA);
  assert.deepEqual(beside, alone);
  const steps = long.length / 2;
  assert.ok(steps > 14, `${steps} steps`);
  assert.deepEqual(long.slice(steps), long.slice(0, steps));
  // The mean of 28 is that of the last 14 and of the 14 before them.
  for (let i = 14; i < steps; i++) {
    const expected = ((short[i] ?? Number.NaN) + (short[i - 14] ?? Number.NaN)) / 2;
    assert.ok(Math.abs((long[i] ?? Number.NaN) - expected) < 1e-4, `step ${i}: ${long[i]} is not ${expected}`);
  }
  assert.notDeepEqual(long, short);
  const engine = await createOpenWakeWord({ ...OPTIONS, models: { alexa: pathOf(28) } });
  engine.close();
  assert.equal(engine.tuning?.windowSamples, 28 * STEP_SAMPLES);
});

test('people saying "alexa": at least 36 of 40 heard, in the middle within 300 ms, at most 1 false alarm on other words', {
  skip,
}, async () => {
  const engine = await createOpenWakeWord(OPTIONS);
  const { heard, falseAlarms, medianDelayMs } = await hearPeople(engine, join(SHARED, 'clips'), 'alexa');
  engine.close();
  assert.ok(heard >= 36, `${heard} heard`);
  assert.ok(falseAlarms <= 1, `${falseAlarms} false alarms`);
  assert.ok(medianDelayMs <= 300, `${medianDelayMs} ms after the end of the word`);
});

if (!skip) {
  testEngine({
    name: 'openwakeword',
    create: () => createOpenWakeWord(OPTIONS),
    spoken: async () =>
      Promise.all(
        ['alexa_01.wav', 'alexa_09.wav', 'alexa_14.wav'].map(async (clip) => {
          const sound = await samplesOf(clip);
          const peak = sound.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
          const endsAt = sound.findLastIndex((sample) => Math.abs(sample) > peak / 10) + 1;
          return { phrase: 'alexa', sound, endsAt };
        }),
      ),
    other: () => samplesOf('computer_03.wav'),
    toleranceMs: { early: 600, late: 200 },
    delayMs: 300,
  });
}

test('what is wrong with a model is said with its file', { skip }, async () => {
  const noModel = join(folder, 'no.onnx');
  writeFileSync(noModel, 'this is text');
  const doubles = join(folder, 'doubles.onnx');
  writeFileSync(doubles, classifierModel({ elements: 'double' }));
  const cases: [options: Partial<typeof OPTIONS>, message: RegExp][] = [
    [{ models: { alexa: noModel } }, /no\.onnx is no ONNX model that can be used/],
    [
      { models: { alexa: join(MODELS, 'embedding_model.onnx') } },
      /of another kind: it takes \[-1, 76, 32, 1\].*\[1, 1 to 128, 96\]/,
    ],
    [{ models: { alexa: doubles } }, /doubles\.onnx cannot be run \(.*must take and give 32-bit floats/],
    [{ models: { alexa: join(folder, 'absent.onnx') } }, /absent\.onnx cannot be read/],
    [{ frontEndDir: folder }, /melspectrogram\.onnx cannot be read .*front_end_dir/],
    [{ phrases: ['hey tars'] }, /no model for the phrase "hey tars", only for "alexa"; add one/],
    [{ phrases: [] }, /hotword\.phrases is empty/],
  ];
  for (const [options, message] of cases) {
    await assert.rejects(createOpenWakeWord({ ...OPTIONS, ...options }), (error) => {
      assert.ok(error instanceof HotwordError);
      assert.match(error.message, message);
      return true;
    });
  }
});
