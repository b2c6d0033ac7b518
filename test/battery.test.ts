import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BatteryWatch } from '../src/battery.js';
import { systemClock } from '../src/clock.js';
import type { BatteryLevel } from '../src/protocol/protocol.js';
import { FakeClock } from './link/support.js';

type Supplies = Readonly<Record<string, Readonly<Record<string, string>>>>;

async function firstLevel(test: TestContext, supplies: Supplies): Promise<BatteryLevel> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-supplies-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, files] of Object.entries(supplies)) {
    await mkdir(join(folder, name));
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, name, file), `${text}\n`);
  }
  return new Promise((resolve) => {
    const watch = new BatteryWatch({
      folder,
      everyMs: 10,
      clock: systemClock,
      onChange: (level) => level && resolve(level),
    });
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

  it('is told of when it changes or goes away, and only then', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'tars-supplies-'));
    test.after(() => rm(folder, { recursive: true, force: true }));
    const cell = join(folder, 'BAT0');
    await mkdir(cell);
    for (const [file, text] of Object.entries(CELL)) await writeFile(join(cell, file), text);
    const clock = new FakeClock();
    const told: (BatteryLevel | undefined)[] = [];
    const watch = new BatteryWatch({ folder, everyMs: 1_000, clock, onChange: (level) => told.push(level) });
    test.after(() => watch.close());
    /** A reading is over when the next one is planned. */
    const isRead = async () => {
      while (clock.pending === 0) await nextTurn();
    };
    watch.start();
    assert.equal(watch.level, undefined);
    await isRead();
    for (const capacity of ['40', '41', '41', '42']) {
      // In one step: a file that is being written is empty for a moment.
      await writeFile(join(folder, 'capacity'), capacity);
      await rename(join(folder, 'capacity'), join(cell, 'capacity'));
      clock.advance(1_000);
      await isRead();
    }
    assert.deepEqual(watch.level, { percent: 42, isCharging: false });
    await rm(cell, { recursive: true });
    for (let times = 0; times < 2; times++) {
      clock.advance(1_000);
      await isRead();
    }
    assert.equal(watch.level, undefined);
    assert.deepEqual(
      told.map((level) => level?.percent),
      [40, 41, 42, undefined],
    );
  });
});
