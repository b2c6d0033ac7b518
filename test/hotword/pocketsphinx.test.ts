import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HotwordError } from '../../src/errors.js';
import { createPocketsphinx } from '../../src/hotword/pocketsphinx.js';
import { scoreOf } from '../../src/hotword/sphinx-judge.js';

const OPTIONS = { phrases: ['hey tars'], threshold: 1e-20, pronunciations: {} };

test('a missing library names the packages to install', async () => {
  const libraries = { pocketsphinx: 'libnothing.so.9', sphinxbase: 'libnothing.so.8' };
  await assert.rejects(createPocketsphinx({ ...OPTIONS, libraries }), (error) => {
    assert.ok(error instanceof HotwordError);
    assert.match(
      error.message,
      /libnothing\.so\.9 and libnothing\.so\.8 .*install the packages libpocketsphinx3 and pocketsphinx-en-us/,
    );
    return true;
  });
});

test('a threshold that is no likelihood ratio is refused', async () => {
  for (const threshold of [0, -1, 2, Number.NaN]) {
    await assert.rejects(createPocketsphinx({ ...OPTIONS, threshold }), /threshold is .*above 0 and at most 1/);
  }
});

test('so is the own threshold of a phrase, which is named', async () => {
  const thresholds = { 'hey tars': 7 };
  await assert.rejects(createPocketsphinx({ ...OPTIONS, thresholds }), /thresholds for "hey tars" is 7; it is above 0/);
});

test('no phrase at all is refused', async () => {
  await assert.rejects(createPocketsphinx({ ...OPTIONS, phrases: [] }), /hotword\.phrases is empty/);
});

test('the score is 0 at the threshold, halves the way to 1 every ten powers of ten, and stays between', () => {
  assert.equal(scoreOf(-20, 1e-20), 0);
  assert.equal(scoreOf(-21, 1e-20), 0);
  assert.equal(scoreOf(-10, 1e-20), 0.5);
  assert.equal(scoreOf(0, 1e-20), 0.75);
  assert.equal(scoreOf(10, 1), 0.5);
  assert.ok(scoreOf(60, 1e-50) < 1);
});
