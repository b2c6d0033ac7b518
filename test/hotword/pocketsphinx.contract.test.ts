import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { HotwordError } from '../../src/errors.js';
import { createPocketsphinx } from '../../src/hotword/pocketsphinx.js';
import { createEngine } from '../../src/hotword/registry.js';
import { readWav } from '../../src/pcm/wav.js';
import { concat, say, silence, type Voice } from '../helpers/speech.js';
import { heardIn } from './engine-contract.js';

const OPTIONS = { phrases: ['hey tars'], threshold: 1e-20, pronunciations: {} };
const CLIPS = resolve('..', 'shared', 'hotword', 'clips');
const skip = existsSync(CLIPS) ? false : `there are no recordings in ${CLIPS}`;
const PAUSE = new Int16Array(16_000);

test('people saying "alexa": at least 33 of 40 heard, at most 2 false alarms on other words', { skip }, async () => {
  const engine = await createPocketsphinx({ ...OPTIONS, phrases: ['alexa'] });
  let heard = 0;
  let falseAlarms = 0;
  for (const name of readdirSync(CLIPS).filter((file) => file.endsWith('.wav'))) {
    engine.reset();
    const { samples } = await readWav(join(CLIPS, name));
    const hits = heardIn(engine, samples, PAUSE).length;
    if (name.startsWith('alexa_')) heard += Math.min(hits, 1);
    else falseAlarms += hits;
  }
  engine.close();
  assert.ok(heard >= 33, `${heard} heard`);
  assert.ok(falseAlarms <= 2, `${falseAlarms} false alarms`);
});

for (const voice of ['slt', 'rms', 'awb'] satisfies Voice[]) {
  test(`"hey tars" by ${voice}, 20 times, each a newcomer's first: heard with a sentence after it`, async () => {
    const sound = concat(silence(400), await say('hey tars', voice), silence(350), await say('what time is it', voice));
    for (let round = 1; round <= 20; round++) {
      const engine = await createPocketsphinx(OPTIONS);
      const padding = silence(round * 17);
      assert.equal(heardIn(engine, padding, sound, PAUSE).length, 1, `round ${round}`);
      engine.close();
    }
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

test('a word that nobody knows and a folder without a model are HotwordErrors with a remedy', async () => {
  await assert.rejects(createPocketsphinx({ ...OPTIONS, phrases: ['hey zorblax'] }), /"zorblax".*pronunciations = /);
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
  const engine = await createEngine({ engine: 'auto', phrases, sensitivity: 0.5, porcupine, pocketsphinx }, log);
  rmSync(dir, { recursive: true });
  assert.equal(engine.name, 'pocketsphinx');
  engine.close();
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /"level":40.*is not right: copy it again.*pocketsphinx listens instead/);
  assert.doesNotMatch(lines[0] ?? '', /this0is0no0key/);
});
