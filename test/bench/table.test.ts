import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quantile, rounded } from './figures.js';
import { jsonOf, type Machine, markdownOf } from './table.js';

const MACHINE: Machine = {
  processor: 'Some CPU, x64',
  cores: 2,
  memoryGb: 8,
  system: 'Debian, Linux 6.1',
  loadBefore: 0.25,
  versions: { node: 'v20.0.0', program: '1.2.3' },
};
const values = Array.from({ length: 20 }, (_, i) => 20 - i);
const FIGURE = { bench: 'turn', what: 'first byte', of: 'arecord', unit: 'ms', values };

describe('figures of benches', () => {
  it('quantiles are values that were measured, by nearest rank', () => {
    assert.deepEqual(
      [0, 0.5, 0.95, 1].map((part) => quantile(values, part)),
      [1, 10, 19, 20],
    );
    assert.equal(quantile([7], 0.95), 7);
    assert.ok(Number.isNaN(quantile([], 0.5)));
  });

  it('are rounded to what a person reads', () => {
    assert.deepEqual([1.234, 12.34, 123.4, -0.5, Number.NaN].map(rounded), ['1.23', '12.3', '123', '-0.50', '-']);
  });

  it('are a table in Markdown below the machine', () => {
    assert.deepEqual(markdownOf([FIGURE], MACHINE).split('\n'), [
      'Some CPU, x64, 2 cores, 8 GB; Debian, Linux 6.1; Node v20.0.0, tars-client 1.2.3; load before 0.3',
      '',
      '| bench | what | of | median | p95 | unit | times |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| turn | first byte | arecord | 10.0 | 19.0 | ms | 20 |',
      '',
    ]);
  });

  it('are JSON with every value', () => {
    assert.deepEqual(JSON.parse(jsonOf([FIGURE], MACHINE)), {
      machine: MACHINE,
      figures: [{ ...FIGURE, median: 10, p95: 19 }],
    });
  });
});
