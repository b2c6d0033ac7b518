import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isTable, parseToml, tomlValue } from '../../src/config/toml.js';
import { ConfigError } from '../../src/errors.js';

test('tomlValue: what is written is read back the same, on one line', () => {
  const text = fc.string({ unit: 'binary' });
  const leaf = fc.oneof(text, fc.boolean(), fc.integer(), fc.double({ noNaN: true, min: -1e15, max: 1e15 }));
  const table = fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    fc.oneof(leaf, fc.array(leaf)),
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.oneof(leaf, fc.array(leaf), table), (value) => {
      const line = tomlValue(value);
      assert.ok(!line.includes('\n'));
      const back: unknown = parseToml(`value = ${line}`, 'test').value;
      assert.deepEqual(JSON.parse(JSON.stringify(back)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('tomlValue: bare keys stay bare, others are quoted', () => {
  assert.equal(tomlValue({ tars: ['T AA R Z'], 'hey tars': 'x' }), '{ tars = ["T AA R Z"], "hey tars" = "x" }');
  assert.equal(tomlValue({}), '{}');
});

test('parseToml: an error names file, line and column, and quotes nothing of the file', () => {
  assert.throws(
    () => parseToml('[server]\ntoken = SECRET\n', '/etc/x.toml'),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /^\/etc\/x\.toml:2:\d+: this is no TOML: /);
      assert.doesNotMatch(error.message, /SECRET|\n/);
      return true;
    },
  );
});

test('isTable: tables only', () => {
  const { date, list, table, text } = parseToml('date = 2020-01-01\nlist = [1]\ntext = "a"\n[table]', 'test');
  assert.deepEqual([date, list, table, text, null].map(isTable), [false, false, true, false, false]);
});
