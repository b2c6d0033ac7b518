import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { HotwordError } from '../../src/errors.js';
import type { PhraseScore } from '../../src/hotword/engine.js';
import { EngineSource, NEW_HISTORY } from '../../src/hotword/engine-source.js';
import { type HotwordHit, HotwordListener } from '../../src/hotword/listener.js';
import type { HotwordSettings } from '../../src/hotword/registry.js';
import { startThreadEar, type ThreadEar } from '../../src/hotword/thread-ear.js';
import { bytesOf, SPEECH_FORMAT } from '../../src/pcm/format.js';
import { within } from '../helpers/processes.js';
import { concat, say, silence } from '../helpers/speech.js';

const MODELS = resolve('..', 'shared', 'hotword', 'models');
const skip = existsSync(MODELS) ? false : `there are no models in ${MODELS}`;
const BROKEN = new URL('broken-thread.js', import.meta.url);
const LOG = pino({ level: 'silent' });
const BLOCK = 512;

const SETTINGS: HotwordSettings = {
  engine: 'pocketsphinx',
  phrases: ['hey tars', 'computer'],
  sensitivity: 0.5,
  porcupine: { keywords: {} },
  openwakeword: { frontEndDir: MODELS, models: { 'hey tars': join(MODELS, 'hey_tars.onnx') }, threshold: 0.5 },
  pocketsphinx: { threshold: 1e-25, pronunciations: {} },
};

interface Listening {
  ear: ThreadEar;
  hits: HotwordHit[];
  failures: string[];
  /** Resolves at the first failure. */
  failed: Promise<void>;
  /** Feeds sound no faster than it is heard, and resolves when all of it has been. */
  hear(sound: Int16Array): Promise<void>;
}

async function listening(
  test: TestContext,
  changes: Partial<HotwordSettings> = {},
  thread?: URL,
  clock = systemClock,
): Promise<Listening> {
  const hits: HotwordHit[] = [];
  const failures: string[] = [];
  let fail: () => void = () => undefined;
  const failed = new Promise<void>((resolve) => {
    fail = resolve;
  });
  const ear = await startThreadEar(
    {
      settings: { ...SETTINGS, ...changes },
      refractoryMs: 0,
      isGuarded: changes.engine === undefined,
      history: NEW_HISTORY,
      onHistory: () => undefined,
      onDetection: (hit) => hits.push(hit),
      onFailure: (error) => {
        failures.push(error.message);
        fail();
      },
      clock,
      log: LOG,
      ...(thread && { thread }),
    },
    new AbortController().signal,
  );
  assert.ok(ear);
  test.after(() => ear.close());
  const hear = async (sound: Int16Array) => {
    for (let at = 0; at < sound.length; at += BLOCK) {
      ear.feed(sound.subarray(at, at + BLOCK));
      while (ear.waitingSamples > 0) await turn();
    }
    // What was told of the last block is on its way when the block counts as heard.
    await turn();
  };
  return { ear, hits, failures, failed, hear };
}

const sentence = async () =>
  concat(
    silence(500),
    await say('hey tars what time is it', 'slt'),
    silence(800),
    await say('computer', 'rms'),
    silence(800),
  );

async function heardHere(settings: HotwordSettings, sound: Int16Array): Promise<HotwordHit[]> {
  const engine = await new EngineSource({ settings, log: LOG }).make();
  const hits: HotwordHit[] = [];
  const listener = new HotwordListener({
    engine,
    refractoryMs: 0,
    onDetection: (hit) => hits.push(hit),
    onFailure: (error) => assert.fail(error),
  });
  listener.reset(1_000);
  for (let at = 0; at < sound.length; at += BLOCK) listener.feed(sound.subarray(at, at + BLOCK));
  engine.close();
  return hits;
}

test('PocketSphinx hears in its thread what it hears in this one, at the same samples', async (test) => {
  const sound = await sentence();
  const { ear, hits, hear } = await listening(test);
  ear.reset(1_000);
  await hear(sound);
  assert.equal(hits.length, 2);
  assert.deepEqual(hits, await heardHere(SETTINGS, sound));
});

test('so does openWakeWord, also in a second thread after the first is gone', { skip }, async (test) => {
  const settings = { ...SETTINGS, engine: 'openwakeword', phrases: ['hey tars'] };
  const sound = await sentence();
  for (const round of [1, 2]) {
    const { ear, hits, hear } = await listening(test, settings);
    ear.reset(1_000);
    await hear(sound);
    await ear.close();
    assert.equal(hits.length, 1, `thread ${round}`);
    assert.deepEqual(hits, await heardHere(settings, sound));
  }
});

test('what ended before a reset, or before it was told to rest, is not told', async (test) => {
  const sound = await sentence();
  for (const stop of ['reset', 'rest'] as const) {
    const { ear, hits, hear } = await listening(test);
    ear.reset();
    // Faster than anyone can hear: all of it waits in the thread's queue.
    for (let at = 0; at < sound.length; at += BLOCK) ear.feed(sound.subarray(at, at + BLOCK));
    ear[stop]();
    await hear(silence(100));
    assert.deepEqual(hits, [], stop);
    ear.reset();
    await hear(sound);
    assert.equal(hits.length, 2, 'it hears again');
  }
});

test('a phrase that the reply says is not told, one over a reply without it is', async (test) => {
  const phrase = await say('hey tars', 'slt');
  for (const [reply, isHeard] of [
    [concat(silence(300), phrase), false],
    [await say('the weather will be fine tomorrow', 'awb'), true],
  ] as const) {
    const { ear, hits, hear } = await listening(test);
    ear.reset();
    ear.tap.opened(SPEECH_FORMAT);
    ear.tap.written(bytesOf(reply));
    ear.tap.ended();
    await hear(concat(silence(100), phrase, silence(800)));
    assert.equal(hits.length, isHeard ? 1 : 0);
  }
});

test('a phrase with a looser threshold, of its own or set while it listens, does not wake the device by a reply', async (test) => {
  const phrase = await say('hey tars', 'slt');
  for (const isOwn of [true, false]) {
    // The common one is so strict that the guard would not hear the phrase by it.
    const pocketsphinx = { threshold: 1, thresholds: isOwn ? { 'hey tars': 1e-25 } : {}, pronunciations: {} };
    const { ear, hits, hear } = await listening(test, { pocketsphinx });
    if (!isOwn) ear.setThreshold('hey tars', 1e-25);
    for (const reply of [concat(silence(300), phrase), silence(300)]) {
      ear.reset();
      ear.tap.opened(SPEECH_FORMAT);
      ear.tap.written(bytesOf(reply));
      ear.tap.ended();
      await hear(concat(silence(100), phrase, silence(2_000)));
    }
    assert.equal(hits.length, 1, 'only that into a reply which does not say it');
  }
});

test('a threshold set while it listens holds at once, and wrong ones are refused by name', async (test) => {
  const { ear, hits, hear } = await listening(test);
  const sound = await sentence();
  ear.reset();
  ear.setThreshold('hey tars', 1);
  await hear(sound);
  assert.deepEqual(
    hits.splice(0).map(({ phrase }) => phrase),
    ['computer'],
  );
  ear.setThreshold('hey tars', 1e-25);
  assert.equal(ear.thresholds?.get('hey tars'), 1e-25);
  await hear(sound);
  assert.equal(hits.length, 2);
  for (const wrong of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => ear.setThreshold('hey tars', wrong), /above 0 and at most 1/);
  }
  assert.throws(() => ear.setThreshold('alexa', 0.5), /nobody listens for "alexa"; the phrases are hey tars, computer/);
});

test('scores are told while somebody watches, and only then', { skip }, async (test) => {
  const { ear, hear } = await listening(test, { engine: 'openwakeword', phrases: ['hey tars'] });
  const scores: PhraseScore[] = [];
  const sound = await sentence();
  ear.reset();
  await hear(sound);
  assert.equal(scores.length, 0);
  ear.watchScores((score) => scores.push(score));
  await hear(sound);
  const heard = scores.filter(({ isHeard }) => isHeard);
  assert.equal(heard.length, 1);
  assert.ok(scores.length > 10 && scores.every(({ score }) => score >= 0 && score <= 1));
  ear.watchScores(undefined);
  const before = scores.length;
  await hear(sound);
  assert.equal(scores.length, before);
});

for (const [way, why] of [
  ['throws', /^the hotword engine broken failed: broken while listening$/],
  ['exits', /^the hotword engine broken failed: its thread ended with code 3$/],
  ['fails', /^the hotword engine broken failed: out of order$/],
  ['hangs', /^the hotword engine broken failed: it hangs: 5\.\d s of sound are waiting$/],
] as const) {
  test(`a thread that ${way} is told once, and is gone in time`, async (test) => {
    let laterMs = 0;
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs };
    const { ear, failures, failed } = await listening(test, { phrases: [way] }, BROKEN, clock);
    // What has come while this process stood still comes all at once, as much as 5 s and a little. One block would never be
    // missed where the thread only hangs.
    for (let fed = 0; fed < (way === 'hangs' ? 82_000 : 1); fed += BLOCK) ear.feed(new Int16Array(BLOCK));
    if (way === 'hangs') {
      assert.deepEqual(failures, []);
      laterMs = 5_000;
      ear.feed(new Int16Array(BLOCK));
    }
    await within(failed, 2_000, () => 'the word of its end');
    assert.match(failures[0] ?? '', why);
    ear.feed(new Int16Array(BLOCK));
    await within(ear.close(), 2_000, () => 'the end of the thread');
    await ear.close();
    assert.equal(failures.length, 1);
  });
}

test('a thread that is behind and goes on hearing is left alone, up to 30 s of sound, and not believed beyond 5 s', async (test) => {
  const { ear, hits, failures, failed } = await listening(test, { phrases: ['lags'] }, BROKEN);
  const feedUntil = async (samples: number) => {
    while (ear.waitingSamples < samples && failures.length === 0) {
      const before = ear.waitingSamples;
      ear.feed(new Int16Array(BLOCK));
      // It hears one sample of each block.
      while (ear.waitingSamples === before + BLOCK && failures.length === 0) await turn();
    }
  };
  await feedUntil(SPEECH_FORMAT.rateHz);
  while (hits.length === 0) await turn();
  await feedUntil(6 * SPEECH_FORMAT.rateHz);
  const inTime = hits.length;
  await feedUntil(29 * SPEECH_FORMAT.rateHz);
  assert.deepEqual([hits.length, failures], [inTime, []]);
  await feedUntil(31 * SPEECH_FORMAT.rateHz);
  await within(failed, 2_000, () => 'the word of its end');
  assert.deepEqual(failures, [
    'the hotword engine broken failed: this machine is too slow for it: 30.0 s of sound are waiting',
  ]);
});

test('an engine that cannot be had is a HotwordError with its remedy, and so is a thread that breaks at its start', async (test) => {
  await assert.rejects(listening(test, { engine: 'openwakeword' }), (error) => {
    assert.ok(error instanceof HotwordError);
    assert.match(error.message, /hotword\.openwakeword\.models has no model for the phrase "computer"/);
    return true;
  });
  await assert.rejects(listening(test, { phrases: ['at start'] }, BROKEN), /does not start: broken from the start$/);
});

test('a start that is given up leaves no thread', async () => {
  const abort = new AbortController();
  const starting = startThreadEar(
    {
      settings: SETTINGS,
      refractoryMs: 0,
      isGuarded: false,
      history: NEW_HISTORY,
      onHistory: () => undefined,
      onDetection: () => assert.fail('a detection'),
      onFailure: (error) => assert.fail(error),
      clock: systemClock,
      log: LOG,
    },
    abort.signal,
  );
  abort.abort();
  assert.equal(await starting, undefined);
});
