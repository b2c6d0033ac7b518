import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { leash } from '../../src/pcm/leash.js';

const folder = mkdtempSync(join(tmpdir(), 'tars-path-'));
symlinkSync('/bin/sh', join(folder, 'aplay'));
after(() => rmSync(folder, { recursive: true }));

test('a command runs by itself where there is no setpriv', () => {
  assert.deepEqual(leash('aplay', ['-q'], folder), ['aplay', ['-q']]);
});

test('a command is bound to the life of its parent', () => {
  symlinkSync('/bin/sh', join(folder, 'setpriv'));
  assert.deepEqual(leash('aplay', ['-q'], folder), ['setpriv', ['--pdeathsig', 'KILL', 'aplay', '-q']]);
  assert.deepEqual(leash(process.execPath, [], folder), ['setpriv', ['--pdeathsig', 'KILL', process.execPath]]);
});

test('a command that is not there is not hidden behind setpriv', () => {
  assert.deepEqual(leash('arecord', ['-q'], folder), ['arecord', ['-q']]);
});
