import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HotwordError } from '../../src/errors.js';
import { Thresholds } from '../../src/hotword/thresholds.js';

const OPTIONS = { phrases: ['hey tars', 'stop'], section: 'hotword.test', threshold: 0.5, thresholds: { stop: 0.8 } };

test('a phrase has its own threshold, else the common one; nobody else has any', () => {
  const thresholds = new Thresholds(OPTIONS);
  assert.deepEqual(
    [...thresholds.values],
    [
      ['hey tars', 0.5],
      ['stop', 0.8],
    ],
  );
  assert.equal(thresholds.of('alexa'), 1);
});

test('within a reply the stricter of its own and that of replies holds, and only there', () => {
  const thresholds = new Thresholds({ ...OPTIONS, replyThreshold: 0.7 });
  assert.deepEqual([thresholds.of('hey tars'), thresholds.of('stop')], [0.5, 0.8]);
  thresholds.during('reply');
  assert.deepEqual([thresholds.of('hey tars'), thresholds.of('stop')], [0.7, 0.8]);
  thresholds.during('listening');
  assert.deepEqual([thresholds.of('hey tars'), thresholds.of('stop')], [0.5, 0.8]);
});

test('in the middle of speech the stricter of its own and that of speech holds, but not over a reply', () => {
  const thresholds = new Thresholds({ ...OPTIONS, speechThreshold: 0.7 });
  assert.deepEqual([thresholds.inSpeech('hey tars'), thresholds.inSpeech('stop')], [0.7, 0.8]);
  assert.equal(thresholds.of('hey tars'), 0.5);
  thresholds.during('reply');
  assert.deepEqual([thresholds.inSpeech('hey tars'), thresholds.inSpeech('stop')], [0.5, 0.8]);
});

test('one that is set holds at once; values out of range and unknown phrases are named', () => {
  const thresholds = new Thresholds(OPTIONS);
  thresholds.set('stop', 1);
  assert.equal(thresholds.of('stop'), 1);
  assert.throws(
    () => thresholds.set('stop', 0),
    /hotword\.test\.thresholds for "stop" is 0; it is above 0 and at most 1/,
  );
  assert.throws(() => thresholds.set('alexa', 0.5), HotwordError);
  assert.throws(() => new Thresholds({ ...OPTIONS, threshold: 2 }), /hotword\.test\.threshold is 2/);
});
