import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bestTrial, SCALES, searchThreshold, upperRate } from '../../src/hotword/threshold-search.js';

/** An engine that hears from these thresholds on: each recording of the phrase, and each other. */
function attempts(heardFrom: readonly number[], alarmFrom: readonly number[]) {
  const tried: number[] = [];
  const attempt = async (threshold: number) => {
    tried.push(threshold);
    const count = (limits: readonly number[]) => limits.filter((limit) => threshold <= limit).length;
    return { heard: count(heardFrom), falseAlarms: count(alarmFrom) };
  };
  return { attempt, tried };
}

describe('the search for a threshold', () => {
  it('takes the middle of those that hear everything without a false alarm', async () => {
    const { attempt, tried } = attempts([1e-6, 1e-11], [1e-34]);
    const trials = await searchThreshold(SCALES.pocketsphinx, 0, attempt);
    assert.deepEqual(bestTrial(trials, 0), { threshold: 1e-20, heard: 2, falseAlarms: 0 });
    assert.deepEqual(tried, [1e-5, 1e-10, 1e-15, 1e-20, 1e-25, 1e-30, 1e-35, 1e-40, 1e-45]);
  });

  it('looks closer where a looser one would hear more and is too loose', async () => {
    const { attempt, tried } = attempts([1e-6, 1e-22], [1e-24, 1e-24]);
    const trials = await searchThreshold(SCALES.pocketsphinx, 1, attempt);
    assert.deepEqual(bestTrial(trials, 1), { threshold: 1e-22, heard: 2, falseAlarms: 0 });
    assert.deepEqual(tried.slice(9), [1e-21, 1e-22, 1e-23, 1e-24]);
    assert.deepEqual(
      trials.map(({ threshold }) => threshold),
      [...tried].sort((one, other) => other - one),
    );
  });

  it('prefers hearing more to fewer of the false alarms that are allowed', async () => {
    const { attempt } = attempts([0.85, 0.35], [0.45, 0.45]);
    const trials = await searchThreshold(SCALES.openwakeword, 2, attempt);
    assert.deepEqual(bestTrial(trials, 2), { threshold: 0.2, heard: 2, falseAlarms: 2 });
    assert.equal(bestTrial(trials, 1)?.heard, 1);
  });

  it('finds none where the strictest has too many false alarms', async () => {
    const { attempt } = attempts([0.9], [0.95]);
    assert.equal(bestTrial(await searchThreshold(SCALES.openwakeword, 0, attempt), 0), undefined);
  });

  it('writes thresholds as the configuration has them, and reads them back the same', () => {
    for (const scale of Object.values(SCALES)) {
      const all = scale.coarse.flatMap((strict, i) => [
        strict,
        ...scale.between(strict, scale.coarse[i + 1] ?? strict),
      ]);
      for (const threshold of all) assert.equal(Number(scale.text(threshold)), threshold);
      assert.deepEqual(
        all,
        [...all].sort((one, other) => other - one),
      );
    }
    assert.deepEqual(SCALES.openwakeword.between(0.5, 0.4), [0.48, 0.46, 0.44, 0.42]);
    assert.equal(SCALES.pocketsphinx.text(1e-25), '1e-25');
  });

  it('knows what silence of so many hours cannot exclude', () => {
    assert.equal(upperRate(6), 0.5);
  });
});
