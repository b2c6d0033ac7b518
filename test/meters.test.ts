import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeterSource } from '../src/meters.js';

function meter() {
  const changes: boolean[] = [];
  const errors: object[] = [];
  const source = new MeterSource<number>({
    onWatched: (isWatched) => changes.push(isWatched),
    log: { error: (fields: object) => void errors.push(fields) },
  });
  return { source, changes, errors };
}

test('every reader gets every reading while it looks, and the source knows whether anybody does', () => {
  const { source, changes } = meter();
  const [first, second]: [number[], number[]] = [[], []];
  source.show(0);
  const stopFirst = source.watch((reading) => first.push(reading));
  source.show(1);
  const stopSecond = source.watch((reading) => second.push(reading));
  source.show(2);
  stopFirst();
  stopFirst();
  assert.equal(source.isWatched, true);
  source.show(3);
  stopSecond();
  source.show(4);
  assert.deepEqual(
    [first, second],
    [
      [1, 2],
      [2, 3],
    ],
  );
  assert.deepEqual(changes, [true, false]);
  assert.equal(source.isWatched, false);
});

test('a reader that throws is reported once and does not disturb the others', () => {
  const { source, errors, changes } = meter();
  const read: number[] = [];
  source.watch(() => {
    throw new Error('the page is gone');
  });
  const stop = source.watch((reading) => read.push(reading));
  source.show(1);
  source.show(2);
  assert.deepEqual(read, [1, 2]);
  assert.deepEqual(errors, [{ why: 'the page is gone' }]);
  stop();
  assert.deepEqual(changes, [true, false]);
});
