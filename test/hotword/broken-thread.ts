import { parentPort, workerData } from 'node:worker_threads';
import type { FromHearing, HearingSetup } from '../../src/hotword/hearing-messages.js';

/** A thread that says it listens and breaks at the first samples, in the way that its phrase says. */
const { settings, heardSamples } = workerData as HearingSetup;
const [way] = settings.phrases;
const tell = (message: FromHearing) => parentPort?.postMessage(message);

if (way === 'at start') throw new Error('broken from the start');
parentPort?.on('message', ({ type }: { type: string }) => {
  if (type !== 'samples') return;
  if (way === 'throws') throw new Error('broken while listening');
  if (way === 'exits') process.exit(3);
  if (way === 'fails') tell({ type: 'failed', why: 'out of order' });
  if (way === 'hangs') for (;;);
  if (way === 'lags') {
    tell({ type: 'hit', hit: { phrase: way, score: 1, engine: 'broken', endedAt: 0 }, epoch: 0, isEcho: false });
    Atomics.add(new Int32Array(heardSamples), 0, 1);
  }
});
tell({ type: 'ready', engine: 'broken', phrases: [way ?? ''], thresholds: undefined, addons: [] });
