import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { HotwordError } from '../../src/errors.js';
import type { PhraseScore, Situation } from '../../src/hotword/engine.js';
import { EngineSource } from '../../src/hotword/engine-source.js';
import { createPocketsphinx } from '../../src/hotword/pocketsphinx.js';
import { hotwordSettings } from '../../src/parts.js';
import { cook } from '../bench/hotword/recipes.js';
import { configOf } from '../helpers/config.js';
import { atPeak, concat, samplesOfMs, say, silence, trim, type Voice } from '../helpers/speech.js';
import { heardIn } from './engine-contract.js';
import { hearPeople } from './people.js';

const OPTIONS = { ...hotwordSettings(configOf({})).pocketsphinx, phrases: ['hey tars'] };
const CLIPS = resolve('..', 'shared', 'hotword', 'clips');
const skip = existsSync(CLIPS) ? false : `there are no recordings in ${CLIPS}`;
const PAUSE = new Int16Array(16_000);

test('people saying "alexa": at least 35 of 40 heard, in the middle within 300 ms, at most 2 false alarms on other words', {
  skip,
}, async () => {
  const engine = await createPocketsphinx({ ...OPTIONS, phrases: ['alexa'] });
  const { heard, falseAlarms, medianDelayMs } = await hearPeople(engine, CLIPS, 'alexa');
  engine.close();
  assert.ok(heard >= 35, `${heard} heard`);
  assert.ok(falseAlarms <= 2, `${falseAlarms} false alarms`);
  assert.ok(medianDelayMs <= 300, `${medianDelayMs} ms after the end of the word`);
});

test('people saying "computer" in noise 10 dB below: at least 20 of 40 heard in white, 26 in pink', {
  skip,
}, async () => {
  const engine = await createPocketsphinx({ ...OPTIONS, phrases: ['computer'] });
  const heard = { 'white noise': 0, 'pink noise': 0 };
  for (const name of readdirSync(CLIPS).filter((file) => file.startsWith('computer_'))) {
    for (const condition of ['white noise', 'pink noise'] as const) {
      engine.reset();
      const { samples } = await cook({ file: join(CLIPS, name), condition, talkers: [] });
      heard[condition] += Math.min(heardIn(engine, samples).length, 1);
    }
  }
  engine.close();
  assert.ok(heard['white noise'] >= 20 && heard['pink noise'] >= 26, JSON.stringify(heard));
});

/** Sound with the hiss of a microphone, always the same. */
function hissing(sound: Int16Array, rmsDbfs: number): Int16Array {
  const limit = 32_768 * 10 ** (rmsDbfs / 20) * Math.sqrt(3);
  let seed = 1;
  return sound.map((sample) => {
    seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
    return Math.max(-32_768, Math.min(32_767, sample + Math.round((seed / 2 ** 31 - 1) * limit)));
  });
}

for (const voice of ['slt', 'rms', 'awb'] satisfies Voice[]) {
  test(`"hey tars" by ${voice}, 20 times, each a newcomer's first, soft and loud: heard with a sentence right after it`, async () => {
    const spoken = await say('hey tars what time is it', voice);
    const deaf: string[] = [];
    for (const leadMs of [300, 1000, 2500, 5000]) {
      for (const [peakDbfs, hissDbfs] of [
        [-30, -Infinity],
        [-20, -Infinity],
        [-10, -Infinity],
        [-3, -Infinity],
        [-12, -70],
      ] as const) {
        const engine = await createPocketsphinx(OPTIONS);
        const sound = concat(silence(leadMs), atPeak(spoken, peakDbfs), PAUSE);
        const hits = heardIn(engine, hissDbfs === -Infinity ? sound : hissing(sound, hissDbfs)).length;
        engine.close();
        if (hits !== 1) deaf.push(`${hits} times after ${leadMs} ms at ${peakDbfs} dB with a hiss of ${hissDbfs} dB`);
      }
    }
    assert.deepEqual(deaf, []);
  });

  test(`"hey tars" by ${voice}, 20 times in one life: heard after minutes of silence, speech and conversation`, async () => {
    const phrases = [await say('hey tars what time is it', voice), await say('hey tars, what time is it', voice)];
    const other = await say('the weather will be fine tomorrow, with some clouds in the evening', 'slt');
    const reply = await say('it is half past nine, and there will be rain in the hills', 'rms');
    const before = [
      silence(120_000),
      hissing(silence(20_000), -60),
      concat(atPeak(other, -30), PAUSE, atPeak(other, -6), PAUSE),
      concat(...Array.from({ length: 10 }, () => [other, silence(400), reply, silence(400)]).flat(), PAUSE),
      concat(atPeak(reply, -3), silence(500), atPeak(other, -25), PAUSE),
    ];
    const engine = await createPocketsphinx(OPTIONS);
    const deaf: string[] = [];
    for (const [i, sound] of before.entries()) {
      for (const [peakDbfs, phrase] of [-25, -5].flatMap((db) => phrases.map((each) => [db, each] as const))) {
        assert.deepEqual(heardIn(engine, sound), [], `heard in what came before, ${i}`);
        const hits = heardIn(engine, atPeak(phrase, peakDbfs), PAUSE).length;
        if (hits !== 1) deaf.push(`${hits} times after sound ${i} at ${peakDbfs} dB`);
      }
    }
    engine.close();
    assert.deepEqual(deaf, []);
  });
}

/** A sound whose beginning is softer; the step takes 20 ms. */
function softTo(sound: Int16Array, endsAt: number, softerDb: number): Int16Array {
  return sound.map((sample, i) => {
    const rest = Math.max(0, Math.min(1, 1 - (i - endsAt) / samplesOfMs(20)));
    return Math.round(sample * 10 ** ((-softerDb * rest) / 20));
  });
}

for (const [first, second] of [
  ['hey', 'tars'],
  ['okay', 'computer'],
  ['hello', 'computer'],
] as const) {
  test(`"${first} ${second}" is heard with a first word that is 0 to 15 dB softer, by three voices`, async () => {
    const engine = await createPocketsphinx({ ...OPTIONS, phrases: [`${first} ${second}`] });
    const deaf: string[] = [];
    for (const voice of ['slt', 'rms', 'awb'] satisfies Voice[]) {
      const spoken = atPeak(await say(`${first} ${second}`, voice), -8);
      // A word in front of another is shorter than alone.
      const endsAt = Math.round((await say(first, voice)).length * 0.85);
      for (const softerDb of [0, 6, 10, 15]) {
        engine.reset();
        const hits = heardIn(engine, silence(500), softTo(spoken, endsAt, softerDb), PAUSE).length;
        if (hits !== 1) deaf.push(`${hits} times by ${voice}, ${softerDb} dB softer`);
      }
    }
    engine.close();
    assert.deepEqual(deaf, []);
  });
}

test('several phrases, each told as it is written', async () => {
  const engine = await createPocketsphinx({ ...OPTIONS, phrases: ['Hey, TARS!', 'computer'] });
  const heard = heardIn(engine, silence(400), await say('hey tars', 'rms'), PAUSE, await say('computer', 'rms'), PAUSE);
  engine.close();
  assert.deepEqual(
    heard.map((hit) => hit.phrase),
    ['Hey, TARS!', 'computer'],
  );
});

test('a phrase may have a threshold of its own', async () => {
  const hear = async (thresholds: Record<string, number>) => {
    const phrases = ['hey tars', 'computer'];
    const engine = await createPocketsphinx({ ...OPTIONS, phrases, threshold: 1, thresholds });
    const hits = heardIn(engine, silence(400), await say('hey tars', 'slt'), PAUSE);
    engine.close();
    return hits.map((hit) => hit.phrase);
  };
  assert.deepEqual(await hear({ computer: OPTIONS.threshold }), []);
  assert.deepEqual(await hear({ 'hey tars': OPTIONS.threshold }), ['hey tars']);
});

test('within a reply another threshold holds, and is gone with the reply', async () => {
  const engine = await createPocketsphinx({ ...OPTIONS, replyThreshold: 1 });
  const sound = concat(silence(400), await say('hey tars', 'slt'), PAUSE);
  const heard = (['listening', 'reply', 'listening'] as const).map((situation) => {
    engine.tuning?.during(situation);
    return heardIn(engine, sound).length;
  });
  engine.close();
  assert.deepEqual(heard, [1, 0, 1]);
});

test('a phrase across the beginning or the end of a reply is heard where nothing else counts then', async () => {
  const sound = concat(silence(400), await say('hey tars', 'slt'), PAUSE);
  const middle = Math.floor((await say('hey tars', 'slt')).length / 2) + (400 * 16_000) / 1000;
  const hear = async (from: Situation, to: Situation, own: { speechThreshold?: number }) => {
    const engine = await createPocketsphinx({ ...OPTIONS, ...own });
    engine.tuning?.during(from);
    const seam = middle - (middle % engine.chunkSamples);
    const hits = heardIn(engine, sound.subarray(0, seam)).length;
    engine.tuning?.during(to);
    const all = hits + heardIn(engine, sound.subarray(seam)).length;
    engine.close();
    return all;
  };
  assert.equal(await hear('reply', 'listening', {}), 1);
  assert.equal(await hear('listening', 'reply', { speechThreshold: 0 }), 1);
});

test('in the middle of speech another threshold holds, but not after a pause and not over a reply', async () => {
  const engine = await createPocketsphinx({ ...OPTIONS, speechThreshold: 1 });
  const [before, phrase] = [trim(await say('and then he said'), 300), trim(await say('hey tars'), 300)];
  const hear = (pauseMs: number) => heardIn(engine, silence(600), before, silence(pauseMs), phrase, PAUSE).length;
  const heard = [hear(0), hear(450), hear(600)];
  const talkAfterIt = heardIn(engine, silence(600), before, phrase, silence(400), before, PAUSE);
  assert.deepEqual(talkAfterIt, [], 'what was not heard is told late');
  engine.tuning?.during('reply');
  heard.push(hear(0));
  engine.close();
  assert.deepEqual(heard, [0, 1, 1, 1]);
});

test('after half a minute of a muted microphone the phrase is heard at once, in a hiss of -55 dBFS', async () => {
  const phrase = concat(silence(2_000), atPeak(await say('hey tars', 'awb'), -6), PAUSE);
  const engine = await createPocketsphinx(OPTIONS);
  const hits = heardIn(engine, silence(30_000), hissing(phrase, -55)).length;
  engine.close();
  assert.equal(hits, 1);
});

test('what is refused in the middle of speech is told to who watches the scores, once', async () => {
  const [before, phrase] = [trim(await say('and then he said'), 300), trim(await say('hey tars'), 300)];
  const engine = await createPocketsphinx({ ...OPTIONS, speechThreshold: 1 });
  const scores: PhraseScore[] = [];
  engine.tuning?.watchScores((score) => scores.push(score));
  const hits = heardIn(engine, silence(600), before, phrase, silence(400), before, PAUSE).length;
  engine.close();
  assert.equal(hits, 0);
  assert.deepEqual(
    scores.map(({ phrase, isHeard }) => [phrase, isHeard]),
    [['hey tars', false]],
  );
  assert.ok((scores[0]?.score ?? 0) > 0);
});

test("a pronunciation of one's own is what is listened for", async () => {
  const sound = [silence(400), await say('hey computer', 'rms'), PAUSE];
  const hear = async (phones: string) => {
    const engine = await createPocketsphinx({
      ...OPTIONS,
      phrases: ['hey zorblax'],
      pronunciations: { zorblax: [phones] },
    });
    const hits = heardIn(engine, ...sound).length;
    engine.close();
    return hits;
  };
  assert.equal(await hear('K AH M P Y UW T ER'), 1);
  assert.equal(await hear('Z AO R B L AE K S'), 0);
});

test('each pronunciation of a word is listened for', async () => {
  const zorblax = ['Z AO R B L AE K S', 'K AH M P Y UW T ER'];
  const engine = await createPocketsphinx({ ...OPTIONS, phrases: ['hey zorblax'], pronunciations: { zorblax } });
  const hits = heardIn(engine, silence(400), await say('hey computer', 'rms'), PAUSE);
  engine.close();
  assert.deepEqual(
    hits.map((hit) => hit.phrase),
    ['hey zorblax'],
  );
});

test('a word that nobody knows and a folder without a model are HotwordErrors with a remedy', async () => {
  await assert.rejects(createPocketsphinx({ ...OPTIONS, phrases: ['hey xyzzyq'] }), /"xyzzyq".*pronunciations = /);
  await assert.rejects(
    createPocketsphinx({ ...OPTIONS, modelDir: '/nowhere', pronunciations: { hey: ['HH EY'] } }),
    (error) => {
      assert.ok(error instanceof HotwordError);
      assert.match(error.message, /no English model in \/nowhere; install the package pocketsphinx-en-us/);
      return true;
    },
  );
});

test('it leaves no files behind', async () => {
  const ours = () => readdirSync(tmpdir()).filter((name) => name.startsWith('tars-hotword-'));
  const before = new Set(ours());
  const engine = await createPocketsphinx(OPTIONS);
  const left = ours().filter((name) => !before.has(name));
  engine.close();
  assert.deepEqual(left, []);
});

test('auto: a refused Porcupine is one warning that names why, and PocketSphinx listens', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'key-'));
  const accessKeyFile = join(dir, 'key');
  writeFileSync(accessKeyFile, 'this0is0no0key');
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const { phrases, ...pocketsphinx } = OPTIONS;
  const porcupine = { accessKeyFile, keywords: { 'hey tars': 'jarvis' } };
  const openwakeword = { frontEndDir: dir, models: {}, threshold: 0.5 };
  const settings = { engine: 'auto', phrases, sensitivity: 0.5, porcupine, openwakeword, pocketsphinx };
  const engine = await new EngineSource({ settings, log }).make();
  rmSync(dir, { recursive: true });
  assert.equal(engine.name, 'pocketsphinx');
  engine.close();
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /"level":40.*is not right: copy it again.*the next one listens instead/);
  assert.doesNotMatch(lines[0] ?? '', /this0is0no0key/);
});
