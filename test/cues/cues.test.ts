import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CueName, synthesiseCues } from '../../src/cues/cues.js';
import { peakDb, rmsDb } from '../../src/pcm/level.js';

const NAMES: readonly CueName[] = ['heard', 'offline', 'over', 'error', 'muted', 'unmuted'];

/** How strongly a tone sounds in samples (Goertzel), on a scale of its own. */
function strength(samples: Int16Array, hz: number, rateHz: number): number {
  let real = 0;
  let imaginary = 0;
  samples.forEach((sample, i) => {
    real += sample * Math.cos((2 * Math.PI * hz * i) / rateHz);
    imaginary += sample * Math.sin((2 * Math.PI * hz * i) / rateHz);
  });
  return Math.hypot(real, imaginary) / samples.length;
}

/** The loudest of the notes that the cues are made of. */
function noteOf(samples: Int16Array, rateHz: number): number {
  const notes = [262, 311, 330, 392, 523, 784, 1047];
  return notes.reduce((best, hz) => (strength(samples, hz, rateHz) > strength(samples, best, rateHz) ? hz : best));
}

const firstHalf = (samples: Int16Array) => samples.subarray(0, samples.length / 2);
const secondHalf = (samples: Int16Array) => samples.subarray(samples.length / 2);

for (const rateHz of [8000, 16_000, 48_000]) {
  describe(`cues at ${rateHz} Hz`, () => {
    const cues = synthesiseCues(rateHz);

    for (const name of NAMES) {
      test(`${name} is short, about -6 dBFS at its peak, and audible`, () => {
        const lengthMs = (cues[name].length / rateHz) * 1000;
        assert.ok(lengthMs >= 80 && lengthMs <= (name === 'heard' ? 120 : 200), `${lengthMs} ms`);
        assert.ok(Math.abs(peakDb(cues[name]) + 6) < 0.1, `${peakDb(cues[name])} dBFS`);
        assert.ok(rmsDb(cues[name]) > -20, `${rmsDb(cues[name])} dBFS`);
      });

      test(`${name} begins and ends without a click`, () => {
        const edge = Math.round(rateHz / 1000);
        const loudest = peakDb(cues[name]);
        assert.ok(peakDb(cues[name].subarray(0, edge)) < loudest - 20);
        assert.ok(peakDb(cues[name].subarray(-edge)) < loudest - 30);
      });
    }

    test('go up for good news, down for an end, and stay low for trouble', () => {
      const melody = (name: CueName) => [noteOf(firstHalf(cues[name]), rateHz), noteOf(secondHalf(cues[name]), rateHz)];
      assert.deepEqual(melody('heard'), [784, 1047]);
      assert.deepEqual(melody('over'), [784, 523]);
      assert.deepEqual(melody('offline'), [330, 330]);
      assert.deepEqual(melody('muted'), [523, 392]);
      assert.deepEqual(melody('unmuted'), [392, 523]);
    });

    test('the error is a chord', () => {
      const quiet = strength(cues.error, 700, rateHz);
      for (const hz of [262, 311, 392]) assert.ok(strength(cues.error, hz, rateHz) > 5 * quiet, `${hz} Hz`);
    });
  });
}

test('offline has a pause between its two notes', () => {
  const { offline } = synthesiseCues(16_000);
  const pause = offline.subarray(16 * 82, 16 * 103);
  assert.ok(peakDb(pause) < -60, `${peakDb(pause)} dBFS`);
});
