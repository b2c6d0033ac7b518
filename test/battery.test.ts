import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { BatteryWatch } from '../src/battery.js';
import { systemClock } from '../src/clock.js';
import type { BatteryLevel } from '../src/protocol/protocol.js';

type Supplies = Readonly<Record<string, Readonly<Record<string, string>>>>;

async function firstLevel(test: TestContext, supplies: Supplies): Promise<BatteryLevel> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-supplies-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, files] of Object.entries(supplies)) {
    await mkdir(join(folder, name));
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, name, file), `${text}\n`);
  }
  return new Promise((resolve) => {
    const watch = new BatteryWatch({ folder, everyMs: 10, clock: systemClock, onChange: resolve });
    test.after(() => watch.close());
    watch.start();
  });
}

const CELL = { type: 'Battery', capacity: '40', status: 'Discharging' };

describe('the battery', () => {
  it('is the machine itself, not a mouse or the mains', async (test) => {
    const level = await firstLevel(test, {
      AC: { type: 'Mains', online: '1' },
      hidpp_battery_0: { ...CELL, scope: 'Device', capacity: '5' },
      BAT0: CELL,
      broken: { type: 'Battery', capacity: 'unknown' },
      unborn: { type: 'Battery', status: 'Unknown' },
    });
    assert.deepEqual(level, { percent: 40, isCharging: false });
  });

  it('of two is what they hold on average', async (test) => {
    const level = await firstLevel(test, { BAT0: CELL, BAT1: { ...CELL, capacity: '85', status: 'Charging' } });
    assert.deepEqual(level, { percent: 63, isCharging: true });
  });

  it('is told of when it changes, and not before', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'tars-supplies-'));
    test.after(() => rm(folder, { recursive: true, force: true }));
    const told: number[] = [];
    let waiting: (() => void) | undefined;
    const watch = new BatteryWatch({
      folder,
      everyMs: 5,
      clock: systemClock,
      onChange: ({ percent }) => {
        told.push(percent);
        waiting?.();
      },
    });
    test.after(() => watch.close());
    watch.start();
    assert.equal(watch.level, undefined);
    await mkdir(join(folder, 'BAT0'));
    for (const [file, text] of Object.entries(CELL)) await writeFile(join(folder, 'BAT0', file), text);
    for (const capacity of ['41', '41', '42']) {
      const change = new Promise<void>((resolve) => {
        waiting = resolve;
      });
      await writeFile(join(folder, 'BAT0', 'capacity'), capacity);
      if (told.at(-1) !== Number(capacity)) await change;
    }
    assert.deepEqual(told.slice(-2), [41, 42]);
    assert.deepEqual(watch.level, { percent: 42, isCharging: false });
  });
});
