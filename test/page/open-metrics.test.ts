import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counter, Histogram, openMetrics } from '../../src/page/open-metrics.js';
import { readOpenMetrics, readValue } from '../helpers/open-metrics.js';

describe('the text of metrics', () => {
  it('is what a strict reader reads, and the values come back', () => {
    const histogram = new Histogram([0.1, 1, 5]);
    for (const value of [0.1, 0.2, 7]) histogram.observe(value);
    const counter = new Counter('why', ['never']);
    counter.add('a "quoted" \\ reason\nin two lines', 2);
    const text = openMetrics([
      { name: 'a_seconds', unit: 'seconds', type: 'histogram', help: 'With a \\ and a "', buckets: histogram.buckets },
      { name: 'b', type: 'counter', help: 'b', samples: counter.samples },
      { name: 'c', type: 'stateset', help: 'c', states: ['on', 'off'], present: 'off' },
      { name: 'd', type: 'gauge', help: 'd', samples: [{ value: -1.5e-7 }] },
      { name: 'e', type: 'info', help: 'e', samples: [{ labels: { version: '1' }, value: 1 }] },
    ]);
    const read = readOpenMetrics(text);
    assert.equal(readValue(read, 'a_seconds_bucket', { le: '0.1' }), 1);
    assert.equal(readValue(read, 'a_seconds_bucket', { le: '5.0' }), 2);
    assert.equal(readValue(read, 'a_seconds_bucket', { le: '+Inf' }), 3);
    assert.ok(Math.abs(readValue(read, 'a_seconds_sum') - 7.3) < 1e-9);
    assert.equal(readValue(read, 'b_total', { why: 'a "quoted" \\ reason\nin two lines' }), 2);
    assert.equal(readValue(read, 'b_total', { why: 'never' }), 0);
    assert.deepEqual([readValue(read, 'c', { c: 'on' }), readValue(read, 'c', { c: 'off' })], [0, 1]);
    assert.equal(readValue(read, 'd'), -1.5e-7);
  });
});

describe('the strict reader of this test', () => {
  const wrong: Readonly<Record<string, string>> = {
    'no end': '# TYPE a gauge\na 1\n',
    'a word for a number': '# TYPE a gauge\na one\n# EOF\n',
    'a counter without its suffix': '# TYPE a counter\na 1\n# EOF\n',
    'a family in two stretches': '# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n',
    'a name without its unit': '# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n',
    'a sample twice': '# TYPE a gauge\na{b="1"} 1\na{b="1"} 2\n# EOF\n',
    'an unescaped quote': '# TYPE a gauge\na{b="1"2"} 1\n# EOF\n',
    'a histogram without its last bucket': '# TYPE a histogram\na_bucket{le="1.0"} 1\na_count 1\na_sum 1\n# EOF\n',
    'a count that is not that of the buckets': '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_count 2\na_sum 1\n# EOF\n',
    'buckets that fall': '# TYPE a histogram\na_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
    'a bound that is no floating-point number':
      '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
  };
  for (const [what, text] of Object.entries(wrong)) {
    it(`does not take ${what}`, () => assert.throws(() => readOpenMetrics(text), assert.AssertionError));
  }
});
