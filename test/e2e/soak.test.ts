import assert from 'node:assert/strict';
import { it } from 'node:test';
import { report } from '../soak/report.js';
import { soak } from '../soak/soak.js';

const TURNS = 30;

it('soak: 30 turns with faults of every kind, none stuck, each back within its limit', async (test) => {
  const beganAtMs = performance.now();
  const said: string[] = [];
  const records = await soak({
    seed: 6,
    turns: TURNS,
    devices: 3,
    hasDefaults: false,
    // Other tests run beside this one.
    slackMs: 3_000,
    say: (line) => void said.push(line),
    signal: test.signal,
  });
  const { text, isGood } = report(records, performance.now() - beganAtMs);
  for (const line of text.trim().split('\n')) test.diagnostic(line);
  assert.ok(isGood, said.join('\n'));
  const sum = (of: (record: (typeof records)[number]) => number) =>
    records.reduce((total, each) => total + of(each), 0);
  assert.equal(
    sum(({ tried }) => tried),
    TURNS,
  );
  assert.equal(
    sum(({ completed, ended }) => completed + ended),
    TURNS,
  );
  assert.ok(sum(({ strikes }) => strikes.length) >= TURNS / 4);
});
