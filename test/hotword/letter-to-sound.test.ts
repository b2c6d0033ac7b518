import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { guessPronunciation } from '../../src/hotword/letter-to-sound.js';
import { PHONES } from '../../src/hotword/pronunciation.js';

for (const [word, phones] of [
  ['zorblax', 'Z AO R B L AE K S'],
  ['gizmo', 'G IH Z M OW'],
  ['kitt', 'K IH T'],
  ['quorra', 'K W AO R AE'],
  ['tripode', 'T R IH P OW D'],
  ['shiv', 'SH IH V'],
] as const) {
  test(`${word} is said ${phones}`, () => assert.equal(guessPronunciation(word), phones));
}

test('what has no vowel or is not spelled with a to z is not guessed', () => {
  for (const word of ['xyzzyq', 'hmpf', 'r2d2', 'größe', '']) assert.equal(guessPronunciation(word), undefined);
});

test('a guess has at least one phone, and only phones that exist', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{1,12}$/), (word) => {
      const guess = guessPronunciation(word);
      if (guess === undefined) return;
      for (const phone of guess.split(' ')) assert.ok(PHONES.includes(phone), `${word}: ${guess}`);
    }),
  );
});
