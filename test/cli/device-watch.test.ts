import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { DeviceWatch } from '../../src/cli/device-watch.js';
import type { PhraseScore } from '../../src/hotword/engine.js';
import { Journal } from '../../src/log.js';
import { MeterSource } from '../../src/meters.js';
import type { MicLevel } from '../../src/session/capture.js';
import { FakeClock } from '../link/support.js';

const log = pino({ level: 'silent' });

function setUp() {
  const clock = new FakeClock();
  const journal = new Journal(log);
  const makeDevice = (threshold: number, engine = 'openwakeword') => ({
    engine,
    micLevel: new MeterSource<MicLevel>({ log }),
    score: new MeterSource<PhraseScore>({ log }),
    thresholds: new Map([
      ['hey tars', threshold],
      ['computer', 0.9],
    ]),
    state: 'idle',
    isMuted: false,
    isLinkUp: false,
  });
  const devices = [makeDevice(0.5)];
  const watch = new DeviceWatch({ device: () => devices.at(-1) ?? makeDevice(0), journal, clock });
  watch.start();
  return { clock, journal, devices, makeDevice, watch };
}

describe('what the terminal watches', () => {
  it('has state and link as the device has them, and the last turn from the journal', () => {
    const { journal, devices, makeDevice, watch } = setUp();
    assert.deepEqual([watch.look().state, watch.look().isLinkUp, watch.look().turn], ['idle', false, undefined]);
    devices.push({ ...makeDevice(0.5), state: 'listening', isLinkUp: true });
    const turn = { turn: 1, firstByteOutMs: 2, replyAfterMs: 800, firstSampleMs: 46, playedMs: 900 };
    journal.record('turn.timing', turn);
    assert.deepEqual([watch.look().state, watch.look().isLinkUp, watch.look().turn], ['listening', true, turn]);
  });

  it('shows the loudest chunk since the last look, and holds the peak for a second', () => {
    const { clock, devices, watch } = setUp();
    const level = devices[0]?.micLevel;
    assert.equal(watch.look().level, undefined);
    level?.show({ rmsDb: -20, peakDb: -10 });
    level?.show({ rmsDb: -40, peakDb: -30 });
    assert.deepEqual(watch.look().level, { rmsDb: -20, peakDb: -10 });
    clock.advance(400);
    level?.show({ rmsDb: -50, peakDb: -45 });
    assert.deepEqual(watch.look().level, { rmsDb: -50, peakDb: -10 });
    clock.advance(600);
    level?.show({ rmsDb: -50, peakDb: -45 });
    assert.deepEqual(watch.look().level, { rmsDb: -50, peakDb: -45 });
    clock.advance(500);
    assert.equal(watch.look().level, undefined, 'a microphone that says nothing any more');
  });

  it('holds the best score for three seconds beside the threshold of its phrase, then the lowest', () => {
    const { clock, devices, watch } = setUp();
    watch.look();
    devices[0]?.score.show({ phrase: 'hey tars', score: 0.7, isHeard: true });
    devices[0]?.score.show({ phrase: 'computer', score: 0.2, isHeard: false });
    assert.deepEqual([watch.look().score, watch.look().threshold], [0.7, 0.5]);
    devices[0]?.score.show({ phrase: 'computer', score: 0.8, isHeard: false });
    assert.deepEqual([watch.look().score, watch.look().threshold], [0.8, 0.9]);
    clock.advance(3_000);
    assert.deepEqual([watch.look().score, watch.look().threshold], [undefined, 0.5]);
  });

  it('has a score of PocketSphinx on the scale of its threshold', () => {
    const { devices, makeDevice, watch } = setUp();
    devices.push(makeDevice(1e-25, 'pocketsphinx'));
    watch.look();
    devices[1]?.score.show({ phrase: 'hey tars', score: 0.5, isHeard: true });
    const { score, threshold } = watch.look();
    assert.ok(Math.abs(Math.log10(score ?? 0) + 15) < 1e-6, `${score}`);
    assert.equal(threshold, 1e-25);
  });

  it('follows the device that a reload has made, and lets go of the old one and of the last', () => {
    const { devices, makeDevice, watch } = setUp();
    watch.look();
    const next = makeDevice(0.3);
    devices.push(next);
    assert.equal(watch.look().threshold, 0.3);
    assert.deepEqual([devices[0]?.micLevel.isWatched, next.micLevel.isWatched], [false, true]);
    watch.close();
    watch.close();
    assert.deepEqual([next.micLevel.isWatched, next.score.isWatched], [false, false]);
  });
});
