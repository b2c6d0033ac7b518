import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { DEAF_EAR } from '../../src/hotword/deaf-ear.js';
import { Journal } from '../../src/log.js';
import { MeterSource } from '../../src/meters.js';
import type { Microphone, MicrophoneListener } from '../../src/mic/microphone.js';
import { SpeechDetector } from '../../src/pcm/level.js';
import { SampleRing } from '../../src/pcm/ring.js';
import { Capture, type MicLevel } from '../../src/session/capture.js';
import { Router } from '../../src/session/router.js';
import { FakeClock } from '../link/support.js';

test('the level of every chunk is shown while somebody looks', async () => {
  let listener: MicrophoneListener | undefined;
  const microphone: Microphone = {
    backend: 'fake',
    rateHz: 16_000,
    capture: (heard, signal) => {
      listener = heard;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
  const log = pino({ level: 'silent' });
  const levels = new MeterSource<MicLevel>({ log });
  const clock = new FakeClock();
  const router = new Router({
    ring: new SampleRing(1_000),
    ear: DEAF_EAR,
    preRollSamples: 0,
    settleMs: 0,
    clock,
    makeDetector: () => new SpeechDetector({ rateHz: 16_000 }),
    onInterruption: () => undefined,
    toServer: () => undefined,
  });
  const capture = new Capture({ microphone, router, journal: new Journal(log), clock, send: () => undefined, levels });
  capture.open();
  await Promise.resolve();
  const chunk = Int16Array.of(16_384, -16_384, 16_384, -16_384);
  listener?.chunk(chunk);
  const shown: MicLevel[] = [];
  const stop = levels.watch((level) => shown.push(level));
  listener?.chunk(chunk);
  stop();
  listener?.chunk(chunk);
  await capture.close();
  assert.deepEqual(
    shown.map(({ rmsDb, peakDb }) => [rmsDb.toFixed(2), peakDb.toFixed(2)]),
    [['-6.02', '-6.02']],
  );
});
