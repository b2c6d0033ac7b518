import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hint, nearest } from '../../src/config/nearest.js';

const KEYS = ['server.url', 'server.token_file', 'mic.gain_db', 'mic.rate_hz', 'speaker.volume', 'cues.volume'];

for (const { word, meant, why } of [
  { word: 'server.ulr', meant: 'server.url', why: 'two letters swapped' },
  { word: 'mic.gain-db', meant: 'mic.gain_db', why: 'a letter replaced' },
  { word: 'mic.gaindb', meant: 'mic.gain_db', why: 'a letter left out' },
  { word: 'mic.ratee_hz', meant: 'mic.rate_hz', why: 'a letter added' },
  { word: 'SERVER.URL', meant: 'server.url', why: 'wrong case' },
  { word: 'server.token', meant: 'server.token_file', why: 'only the beginning' },
  { word: 'url', meant: 'server.url', why: 'the section forgotten' },
  { word: 'mic.url', meant: 'server.url', why: 'the wrong section' },
  { word: 'speeker.volume', meant: 'speaker.volume', why: 'an ambiguous end, but a near section' },
  { word: 'volume', meant: undefined, why: 'two keys with this end' },
  { word: 'colour.of.the.sky', meant: undefined, why: 'nothing near' },
  { word: '', meant: undefined, why: 'nothing at all' },
]) {
  test(`nearest: "${word}" is ${meant ?? 'no guess'}: ${why}`, () => {
    assert.equal(nearest(word, KEYS), meant);
  });
}

test('nearest: short words need fewer mistakes than letters', () => {
  assert.equal(nearest('xy', ['ab']), undefined);
});

test('hint: a question, or nothing', () => {
  assert.equal(hint('rnu', ['run', 'devices']), '; did you mean run?');
  assert.equal(hint('xyzzy', ['run', 'devices']), '');
});
