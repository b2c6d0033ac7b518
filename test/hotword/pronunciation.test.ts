import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HotwordError } from '../../src/errors.js';
import { dictionaryText, PHONES, pronounce, waysToSay, wordsOf } from '../../src/hotword/pronunciation.js';

let dir = '';
let dictionaryFile = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dictionary-'));
  dictionaryFile = join(dir, 'small.dict');
  await writeFile(
    dictionaryFile,
    'a AH\na(2) EY\nhey HH EY\nheyday HH EY D EY\njarvis JH AA R V AH S\njarvis(2) JH AA R V IH S\nzoo Z UW',
  );
});
after(() => rm(dir, { recursive: true }));

const find = (phrases: string[], given: Record<string, string[]> = {}, file = dictionaryFile) =>
  pronounce({ phrases, given, dictionaryFile: file });

test('words come without capitals and punctuation', () => {
  assert.deepEqual(wordsOf('  Hey,  TARS! '), ['hey', 'tars']);
  assert.deepEqual(wordsOf("don't"), ["don't"]);
  assert.deepEqual(wordsOf('grüß dich/1e-5/'), ['grüß', 'dich', '1e-5']);
});

test('a phrase without a word is refused', () => {
  for (const phrase of ['', '  ', '?!', '- .']) assert.throws(() => wordsOf(phrase), HotwordError);
});

test('the dictionary gives every variant, from its first line to its last without a line end', async () => {
  assert.deepEqual(
    [...(await find(['hey jarvis', 'a zoo']))],
    [
      ['hey', ['HH EY']],
      ['jarvis', ['JH AA R V AH S', 'JH AA R V IH S']],
      ['a', ['AH', 'EY']],
      ['zoo', ['Z UW']],
    ],
  );
});

test('"tars" is ready-made and needs no dictionary', async () => {
  const found = await find(['tars'], {}, join(dir, 'none.dict'));
  assert.deepEqual([...found], [['tars', ['T AA R Z']]]);
});

test('what the configuration gives wins, whatever its capitals and stress marks', async () => {
  const found = await find(['hey tars'], { TARS: ['t  aa1 r s'], hey: ['HH AY'] });
  assert.deepEqual(
    [...found],
    [
      ['hey', ['HH AY']],
      ['tars', ['T AA R S']],
    ],
  );
});

test('a word nobody knows is named, with how to give it', async () => {
  await assert.rejects(find(['hey hmpf']), (error) => {
    assert.ok(error instanceof HotwordError);
    assert.match(error.message, /"hmpf".*\[hotword\.pocketsphinx\] pronunciations = \{ "hmpf" = \["T AA R Z"\] \}/);
    return true;
  });
});

test('a word that is in no dictionary is guessed, and the guess is told', async () => {
  const told: string[][] = [];
  const onGuess = (word: string, phones: string) => told.push([word, phones]);
  const found = await pronounce({ phrases: ['hey zorblax'], given: {}, dictionaryFile, onGuess });
  assert.deepEqual(found.get('zorblax'), ['Z AO R B L AE K S']);
  assert.deepEqual(told, [['zorblax', 'Z AO R B L AE K S']]);
});

test('a phone that does not exist is named with the 39 that do', async () => {
  assert.equal(new Set(PHONES).size, 39);
  await assert.rejects(find(['tars'], { tars: ['T QQ Z'] }), (error) => {
    assert.ok(error instanceof HotwordError);
    assert.match(error.message, /"QQ" in "T QQ Z" for "tars" is no phone; the 39 phones are AA AE .* ZH$/);
    return true;
  });
});

test('an empty pronunciation is one nobody knows', async () => {
  await assert.rejects(find(['tars'], { tars: [] }), /nobody knows how "tars" is said/);
  await assert.rejects(find(['tars'], { tars: [' '] }), /nobody knows how "tars" is said/);
});

test('a missing dictionary names the package to install', async () => {
  await assert.rejects(find(['hey'], {}, join(dir, 'none.dict')), /none\.dict cannot be read.*pocketsphinx-en-us/);
});

test('the text of a dictionary numbers the variants', async () => {
  assert.equal(
    dictionaryText(await find(['hey jarvis'])),
    'hey HH EY\njarvis JH AA R V AH S\njarvis(2) JH AA R V IH S\n',
  );
});

test('a phrase is said in every way its words are, the common ways first, at most 12', async () => {
  const pronunciations = await find(['A Jarvis!', 'zoo']);
  assert.deepEqual(waysToSay('A Jarvis!', pronunciations), [
    'a jarvis',
    'a jarvis(2)',
    'a(2) jarvis',
    'a(2) jarvis(2)',
  ]);
  assert.deepEqual(waysToSay('zoo', pronunciations), ['zoo']);
  const ways = waysToSay('a a a a', pronunciations);
  assert.equal(ways.length, 12);
  assert.equal(ways[0], 'a a a a');
});
