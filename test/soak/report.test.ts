import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { report } from './report.js';
import type { DeviceRecord } from './soak.js';

const KIB = 1_024;

/** A device that has gone through 300 turns as it should, growing by so many bytes and objects a turn. */
function record(growthBytes = 0, growthObjects = 0, changes: Partial<DeviceRecord> = {}): DeviceRecord {
  const vitals = Array.from({ length: 60 }, (_, i) => ({
    turn: 5 * i + 5,
    ownBytes: 40_000 * KIB + (i % 3) * 100 * KIB + growthBytes * 5 * i,
    heapBytes: 14_000 * KIB + (i % 2) * 10 * KIB + growthBytes * 5 * i,
    heldBytes: i % 5 === 0 ? 9_000 * KIB + (i % 2) * KIB + growthBytes * 5 * i : undefined,
    objects: 33_000 + (i % 3) * 10 + growthObjects * 5 * i,
    files: 28 + (i % 2),
    children: 2,
  }));
  const strike = { fault: 'micKilled', at: 'reply', device: 0, backMs: 700, limitMs: 4_000, reason: 'microphone lost' };
  return {
    device: 0,
    limits: 'short',
    tried: 300,
    completed: 200,
    ended: 100,
    broken: 0,
    stuck: 0,
    late: 0,
    vain: [],
    strikes: [{ ...strike, at: 'reply' }],
    vitals,
    failures: [],
    strayBlocks: 0,
    loads: [1],
    ...changes,
  };
}

describe('the report of a soak', () => {
  it('is good where every promise was kept, and says so in figures', () => {
    const { text, isGood } = report([record(), record()], 600_000);
    assert.ok(isGood, text);
    assert.match(
      text,
      /600 turns tried on 2 devices in 10\.0 min: 400 completed, 200 struck .*, 0 back too late, 0 stuck/,
    );
    assert.match(text, /\| micKilled \| short \| 2 \| 0\.7 \(reply\) \| 4\.0 \|/);
  });

  it('is not good where one was broken', () => {
    const last = record().vitals.at(-1);
    const broken: Record<string, DeviceRecord> = {
      stuck: record(0, 0, { failures: ['turn 7'], stuck: 1 }),
      'sound outside of a conversation': record(0, 0, { strayBlocks: 1 }),
      'files left open': record(0, 0, { vitals: [...record().vitals, { ...last, turn: 305, files: 40 } as never] }),
      'a child too many': record(0, 0, { vitals: [...record().vitals, { ...last, turn: 305, children: 3 } as never] }),
      'a heap that grows': record(KIB),
      'objects that become more': record(0, 1),
    };
    for (const [what, one] of Object.entries(broken)) assert.ok(!report([record(), one], 1).isGood, what);
  });
});
