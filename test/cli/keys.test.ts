import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysOf } from '../../src/cli/keys.js';

test('keys that a terminal sends at once are all pressed, in their order', () => {
  assert.deepEqual(keysOf('m m'), ['m', ' ', 'm']);
  assert.deepEqual(keysOf(' q'), [' ', 'q']);
  assert.deepEqual(keysOf('m\u0003'), ['m', '\u0003']);
});

test('what begins with Escape is no key of this program', () => {
  const arrowUp = '\u001b[A';
  const functionKey = '\u001bOm';
  const mouse = '\u001b[<0;12;7m';
  const altM = '\u001bm';
  assert.deepEqual(keysOf(`${arrowUp}${functionKey}${mouse}${altM}q`), ['q']);
  assert.deepEqual(keysOf('\u001b'), []);
});
