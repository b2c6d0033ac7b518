import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type TuneOptions, tuneCommand } from '../../src/cli/hotword-tune.js';
import { tuneHotword } from '../../src/cli/tune-setup.js';
import { loadConfig } from '../../src/config.js';
import { HotwordError, UsageError } from '../../src/errors.js';
import { createLog } from '../../src/log.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { FakeEngine } from '../hotword/fakes.js';

let root = '';
let positives = '';
let negatives = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tune-'));
  positives = join(root, 'positives');
  negatives = join(root, 'negatives');
  mkdirSync(join(positives, 'deeper'), { recursive: true });
  mkdirSync(negatives);
});
afterEach(() => rmSync(root, { recursive: true }));

/** A recording in which the engine below hears its phrase from this threshold on, once for each mark. */
async function record(path: string, seconds: number, ...marks: number[]): Promise<void> {
  const samples = new Int16Array(16_000 * seconds);
  marks.forEach((mark, i) => {
    samples[1000 + 3000 * i] = Math.round(mark * 1000);
  });
  await writeWav(path, samples, 16_000);
}

function engineAt(threshold: number): FakeEngine {
  const engine = new FakeEngine();
  engine.answer = (chunk) => {
    const at = chunk.findIndex((sample) => sample > 0 && sample >= threshold * 1000 - 1e-6);
    return at === -1 ? undefined : { phrase: 'hey fake', score: 0.5, endedSamplesAgo: chunk.length - at };
  };
  return engine;
}

async function run(changes: Partial<TuneOptions> = {}) {
  let text = '';
  let errors = '';
  const closed: FakeEngine[] = [];
  const code = await tuneCommand({
    positives,
    negatives,
    mostAnHour: 0.5,
    engine: 'openwakeword',
    phrase: 'hey fake',
    thresholds: {},
    make: async (threshold) => {
      const engine = engineAt(threshold);
      engine.close = () => void closed.push(engine);
      return engine;
    },
    hasScores: false,
    refractoryMs: 0,
    out: { write: (piece) => (text += piece) },
    errors: { write: (piece) => (errors += piece) },
    signal: new AbortController().signal,
    ...changes,
  });
  return { code, text, errors, closed: closed.length };
}

describe('hotword --tune', () => {
  it('counts recordings heard and false alarms, and prints the line for the configuration', async () => {
    await record(join(positives, 'a.wav'), 1, 0.95, 0.95);
    await record(join(positives, 'deeper', 'b.WAV'), 1, 0.65);
    await record(join(positives, 'c.wav'), 1, 0.15);
    await record(join(negatives, 'n.wav'), 60, 0.25, 0.25);
    const { code, text, errors, closed } = await run({ thresholds: { computer: 0.7 } });
    assert.deepEqual([code, errors, closed], [0, '', 9]);
    assert.match(text, /^openwakeword, "hey fake": 3 recordings of it, 1 others of 1\.0 min$/m);
    assert.match(text, /^ {5}0\.9 +1 of 3 +0 +0\.0$/m);
    assert.match(text, /^ {2}\* {2}0\.\d+ +2 of 3 +0 +0\.0$/m);
    assert.match(text, /^ {5}0\.2 +2 of 3 +2 +120\.0$/m);
    assert.match(text, /^ {5}0\.1 +3 of 3 +2 +120\.0$/m);
    assert.match(text, /\n\[hotword\.openwakeword\]\nthresholds = \{ computer = 0\.7, "hey fake" = 0\.\d+ \}\n$/);
  });

  it('says what so little sound cannot tell', async () => {
    await record(join(positives, 'a.wav'), 1, 0.95);
    await record(join(negatives, 'n.wav'), 60);
    const little = (await run()).text;
    assert.match(
      little,
      /in 1\.0 min the true rate may still be up to 180 an hour .*rule of three.*at least 6\.0 h of other/,
    );
    const enough = (await run({ mostAnHour: 200 })).text;
    assert.doesNotMatch(enough, /give at least/);
  });

  it('says that no threshold is strict enough, and what each does all the same', async () => {
    await record(join(positives, 'a.wav'), 1, 0.95);
    await record(join(negatives, 'n.wav'), 10, 1);
    const { code, text } = await run();
    assert.equal(code, 1);
    assert.match(text, /No threshold has at most 0\.5 an hour/);
    assert.match(text, /0\.9 +1 of 1 +1 +360\.0/);
    assert.doesNotMatch(text, /thresholds =/);
    assert.equal((await run({ mostAnHour: 400 })).code, 0);
  });

  it('names a file that cannot be read, does the others, and answers 1', async () => {
    await record(join(positives, 'a.wav'), 1, 0.95);
    await record(join(negatives, 'n.wav'), 1);
    writeFileSync(join(positives, 'broken.wav'), 'no sound');
    const { code, text, errors } = await run();
    assert.equal(code, 1);
    assert.match(errors, /^hotword: .*broken\.wav is not a WAV file/);
    assert.match(text, /1 recordings of it/);
    assert.match(text, /thresholds = /);
  });

  it('needs recordings in both folders', async () => {
    await record(join(positives, 'a.wav'), 1, 0.95);
    await assert.rejects(
      run(),
      (error) => error instanceof UsageError && /no WAV file in .*negatives/.test(error.message),
    );
    await assert.rejects(run({ negatives: '/nowhere' }), /the folder \/nowhere cannot be read/);
  });

  it('ends when it is told to', async () => {
    await record(join(positives, 'a.wav'), 1, 0.95);
    await record(join(negatives, 'n.wav'), 1);
    await assert.rejects(run({ signal: AbortSignal.abort() }), HotwordError);
  });
});

describe('the command line of hotword --tune', () => {
  for (const [title, words, flags, options, message] of [
    ['one folder', ['a'], [], [], /needs two folders/],
    ['three folders', ['a', 'b', 'c'], [], [], /needs two folders/],
    ['two phrases', ['a', 'b'], [['hotword.phrases', 'alexa,computer']], [], /tunes one phrase; name it/],
    [
      'Porcupine',
      ['a', 'b'],
      [
        ['hotword.engine', 'porcupine'],
        ['hotword.porcupine.access_key_file', '/key'],
      ],
      [],
      /porcupine has no threshold .*pocketsphinx or openwakeword/,
    ],
    ['a rate that is none', ['a', 'b'], [], [['false-alarms-per-hour', 'few']], /few is no rate/],
    ['a negative rate', ['a', 'b'], [], [['false-alarms-per-hour', '-1']], /-1 is no rate/],
  ] as const) {
    it(`${title} is wrong usage`, async () => {
      const { config } = loadConfig({ flags: new Map(flags), env: {}, configFile: undefined });
      const sink = { write: () => true };
      const log = createLog({ level: 'silent', format: 'json' });
      const { signal } = new AbortController();
      const setup = { config, positionals: words, options: new Map(options), log, out: sink, errors: sink, signal };
      await assert.rejects(tuneHotword(setup), (error) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, message);
        return true;
      });
    });
  }
});
