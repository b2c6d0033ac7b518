import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { leash } from '../../src/pcm/leash.js';

/** A folder for the search path with a player, and with a setpriv of this text. */
function folderWith(context: TestContext, setpriv?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tars-path-'));
  context.after(() => rmSync(folder, { recursive: true }));
  symlinkSync('/bin/sh', join(folder, 'aplay'));
  if (setpriv !== undefined) writeFileSync(join(folder, 'setpriv'), `#!/bin/sh\n${setpriv}\n`, { mode: 0o755 });
  return folder;
}

test('a command runs by itself where there is no setpriv', (context) => {
  assert.deepEqual(leash('aplay', ['-q'], folderWith(context)), ['aplay', ['-q']]);
});

test('a command runs by itself where setpriv does not work, as in the sandbox of the service', (context) => {
  const folder = folderWith(context, 'echo "setpriv: activate capabilities: Operation not permitted" >&2; exit 127');
  assert.deepEqual(leash('aplay', ['-q'], folder), ['aplay', ['-q']]);
});

test('a command runs by itself where a trial of setpriv took too long, and the next one is tried again', (context) => {
  const folder = folderWith(context, 'test -e "$0.tried" || { : >"$0.tried"; exec /bin/sleep 10; }');
  assert.deepEqual(leash('aplay', [], folder), ['aplay', []]);
  assert.deepEqual(leash('aplay', [], folder), ['setpriv', ['--pdeathsig', 'KILL', 'aplay']]);
});

test('a command is bound to the life of its parent', (context) => {
  const folder = folderWith(context, 'exit 0');
  assert.deepEqual(leash('aplay', ['-q'], folder), ['setpriv', ['--pdeathsig', 'KILL', 'aplay', '-q']]);
  assert.deepEqual(leash(process.execPath, [], folder), ['setpriv', ['--pdeathsig', 'KILL', process.execPath]]);
});

test('a command that is not there is not hidden behind setpriv', (context) => {
  assert.deepEqual(leash('arecord', ['-q'], folderWith(context, 'exit 0')), ['arecord', ['-q']]);
});
