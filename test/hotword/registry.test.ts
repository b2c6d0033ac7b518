import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEYS } from '../../src/config/keys.js';
import { ENGINES } from '../../src/hotword/registry.js';

test('hotword.engine allows exactly what the registry has, and auto', () => {
  const allowed = [...(KEYS.get('hotword.engine')?.allowed.matchAll(/"(\w+)"/g) ?? [])].map((match) => match[1]);
  assert.deepEqual(new Set(allowed), new Set([...Object.keys(ENGINES), 'auto']));
});

test('"none" listens for nothing and hears nothing', async () => {
  const engine = await ENGINES.none();
  assert.deepEqual([engine.name, engine.phrases, engine.chunkSamples], ['none', [], 1280]);
  assert.equal(engine.process(new Int16Array(1280).fill(20_000)), undefined);
  engine.reset();
  engine.close();
  engine.close();
});
