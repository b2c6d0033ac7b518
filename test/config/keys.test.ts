import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { KEYS, SECTIONS } from '../../src/config/keys.js';
import { readDocument } from '../../src/config/sources.js';
import { loadConfig } from '../../src/config.js';

const { files } = loadConfig({ flags: new Map(), env: {}, systemFile: '/nonexistent' });
const baseFile = files[0] ?? '';
const base = readFileSync(baseFile, 'utf8');

test('config/default.toml and the schema name exactly the same keys, in the same order', () => {
  const { assignments, problems } = readDocument(base, 'default.toml', '/');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    assignments.map(({ key }) => key.path),
    [...KEYS.keys()],
  );
});

test('config/default.toml explains every key in the lines above it', () => {
  const lines = base.split('\n');
  const keyLines = lines.flatMap((line, index) => (/^\w+ = /.test(line) ? [index] : []));
  assert.equal(keyLines.length, KEYS.size);
  for (const index of keyLines) assert.match(lines[index - 1] ?? '', /^# /, lines[index]);
});

test('config/default.toml names the unit of every key that has one', () => {
  const units = { _ms: /Milliseconds/, _hz: /hertz/, _db: /Decibels/ };
  const blocks = [...base.matchAll(/((?:^#.*\n)+)^(\w+) = /gm)];
  for (const [, comment = '', name = ''] of blocks) {
    for (const [ending, unit] of Object.entries(units)) if (name.endsWith(ending)) assert.match(comment, unit, name);
  }
});

test('config/pi.toml sets only known keys, each to something else than the default', () => {
  const { assignments, problems } = readDocument(readFileSync(resolve(baseFile, '../pi.toml'), 'utf8'), 'pi', '/');
  assert.deepEqual(problems, []);
  const defaults = new Map(readDocument(base, 'default', '/').assignments.map(({ key, value }) => [key.path, value]));
  assert.ok(assignments.length > 0);
  for (const { key, value } of assignments) assert.notDeepEqual(value, defaults.get(key.path), key.path);
});

test('every key has a variable of its own and says what it may be', () => {
  const variables = [...KEYS.values()].map(({ variable }) => variable);
  assert.equal(new Set(variables).size, KEYS.size);
  assert.ok(!variables.includes('TARS_CONFIG'));
  assert.equal(KEYS.get('hotword.porcupine.access_key_file')?.variable, 'TARS_HOTWORD_PORCUPINE_ACCESS_KEY_FILE');
  for (const { path, allowed } of KEYS.values()) assert.notEqual(allowed, '', path);
});

test('the kinds follow the schema', () => {
  const kinds = ['server.url', 'mic.backend', 'mic.rate_hz', 'mic.gain_db', 'cues.enabled'].map(
    (path) => KEYS.get(path)?.kind,
  );
  assert.deepEqual(kinds, ['string', 'string', 'number', 'number', 'boolean']);
  assert.equal(KEYS.get('hotword.phrases')?.kind, 'list');
  assert.equal(KEYS.get('hotword.pocketsphinx.pronunciations')?.kind, 'table');
});

test('sections of sections are known', () => {
  assert.ok(SECTIONS.has('hotword') && SECTIONS.has('hotword.porcupine') && !SECTIONS.has('hotword.phrases'));
});
