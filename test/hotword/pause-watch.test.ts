import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PauseWatch } from '../../src/hotword/pause-watch.js';

const hear = (pauses: PauseWatch, isLoud: boolean, frames: number) => {
  for (let i = 0; i < frames; i++) pauses.frame(isLoud);
};

test('speech begins behind the pause with which an utterance begins, also one of no frame', () => {
  const pauses = new PauseWatch();
  pauses.begin(18);
  hear(pauses, false, 18);
  hear(pauses, true, 100);
  assert.equal(pauses.speechSince, 18);
  pauses.begin(0);
  assert.equal(pauses.speechSince, 0);
});

test('an utterance that begins anywhere follows no pause, until there is one', () => {
  const pauses = new PauseWatch();
  pauses.begin(18);
  pauses.begin();
  hear(pauses, true, 100);
  assert.equal(pauses.speechSince, Number.NEGATIVE_INFINITY);
  hear(pauses, false, 30);
  hear(pauses, true, 3);
  assert.equal(pauses.speechSince, 130);
});

test('a pause is 0.3 s, clicks in it or not; the gaps within words are none', () => {
  const pauses = new PauseWatch();
  pauses.begin(0);
  hear(pauses, true, 50);
  hear(pauses, false, 29);
  hear(pauses, true, 21);
  assert.equal(pauses.speechSince, 0);
  hear(pauses, false, 20);
  hear(pauses, true, 2);
  hear(pauses, false, 10);
  hear(pauses, true, 10);
  assert.equal(pauses.speechSince, 132);
});

test('quiet frames that come again at a new beginning make no pause', () => {
  const pauses = new PauseWatch();
  pauses.begin(0);
  hear(pauses, true, 50);
  hear(pauses, false, 18);
  pauses.begin(5);
  hear(pauses, false, 18);
  hear(pauses, true, 10);
  assert.equal(pauses.speechSince, 5);
});

test('who is louder shortly after the first sound counts beside it, in this utterance only', () => {
  const pauses = new PauseWatch();
  pauses.begin(18, 48);
  hear(pauses, false, 18);
  hear(pauses, true, 60);
  assert.deepEqual([pauses.speechSince, pauses.louderSince], [18, 48]);
  pauses.begin(18);
  assert.equal(pauses.louderSince, Number.NEGATIVE_INFINITY);
  pauses.begin(18, 48);
  pauses.begin();
  assert.equal(pauses.louderSince, Number.NEGATIVE_INFINITY);
});
