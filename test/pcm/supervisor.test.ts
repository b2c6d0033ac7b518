import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LifeEnd, pause, RESTART_DELAYS_MS, supervise } from '../../src/pcm/supervisor.js';
import { FakeClock } from '../link/support.js';

/** Lives that end in the given ways, the device open after `openingMs`, and then one that lasts; when each began. */
async function run(ends: readonly LifeEnd[], openingMs = 0, seenAt?: (nowMs: number) => string | undefined) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const beganAtMs: number[] = [];
  const lost: string[] = [];
  const running = supervise({
    life: (signal) => {
      const end = ends[beganAtMs.length];
      beganAtMs.push(clock.nowMs());
      if (end?.workedMs !== undefined) return pause(openingMs + end.workedMs, signal, clock).then(() => end);
      if (end) return Promise.resolve(end);
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ why: 'stopped', workedMs: 0 }));
      });
    },
    onLost: ({ why }) => lost.push(why),
    signal: abort.signal,
    clock,
    ...(seenAt && { look: () => seenAt(clock.nowMs()) }),
  });
  for (let step = 0; step < 10_000; step++) {
    for (let i = 0; i < 12; i++) await Promise.resolve();
    clock.advance(10);
  }
  abort.abort();
  await running;
  return { gapsMs: beganAtMs.slice(1).map((atMs, i) => atMs - (beganAtMs[i] ?? 0)), lost };
}

const failed: LifeEnd = { why: 'no device', workedMs: undefined };
const worked = (workedMs: number): LifeEnd => ({ why: 'unplugged', workedMs });

describe('supervised lives', () => {
  it('follow each other at growing distances while the device does not work', async () => {
    const { gapsMs, lost } = await run([failed, failed, failed, failed, failed, failed]);
    assert.deepEqual(gapsMs, [250, 500, 1_000, 1_000, 1_000, 1_000]);
    assert.equal(lost.length, 6);
  });

  it('follow at once when the device had worked, and begin small again', async () => {
    const { gapsMs } = await run([failed, failed, worked(1_000), failed]);
    assert.deepEqual(gapsMs, [250, 500, 1_000, 250]);
  });

  it('do not follow at once when the device works for a moment only', async () => {
    const { gapsMs } = await run([worked(100), worked(100), worked(100)]);
    assert.deepEqual(gapsMs, [350, 600, 1_100]);
  });

  it('do not follow at once either where that took long to open', async () => {
    const { gapsMs } = await run([worked(100), worked(100)], 2_000);
    assert.deepEqual(gapsMs, [2_350, 2_600]);
  });

  it('are never so far apart that a device plugged in again is not used within 3 s', () => {
    const openingMs = 2_000;
    assert.ok(Math.max(...RESTART_DELAYS_MS) + openingMs <= 3_000);
  });

  it('are rare after the first few where nothing changes that could help', async () => {
    const { gapsMs } = await run(Array(6).fill(failed), 0, () => 'no sound card');
    assert.deepEqual(gapsMs, [250, 500, 1_000, 1_000, 30_000, 30_000]);
  });

  it('follow as usual where nobody can tell whether anything has changed', async () => {
    const { gapsMs } = await run(Array(7).fill(failed), 0, () => undefined);
    assert.deepEqual(gapsMs, [250, 500, 1_000, 1_000, 1_000, 1_000, 1_000]);
  });

  it('begin again, and close together, at most half a second after something has changed', async () => {
    const pluggedAtMs = 12_340;
    const { gapsMs } = await run(Array(9).fill(failed), 0, (nowMs) => (nowMs < pluggedAtMs ? 'nothing' : 'a card'));
    assert.deepEqual(gapsMs, [250, 500, 1_000, 1_000, 10_000, 250, 500, 1_000, 1_000]);
  });

  it('end with the signal, which is no loss', async () => {
    const { lost } = await run([]);
    assert.deepEqual(lost, []);
  });
});
