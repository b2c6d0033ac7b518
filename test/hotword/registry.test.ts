import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { KEYS } from '../../src/config/keys.js';
import { HotwordError } from '../../src/errors.js';
import { createEngine, ENGINES, type HotwordSettings } from '../../src/hotword/registry.js';

const log = pino({ level: 'silent' });

function settings(engine: string): HotwordSettings {
  return {
    engine,
    phrases: ['hey tars'],
    sensitivity: 0.5,
    porcupine: { accessKeyFile: '', keywords: {} },
    openwakeword: { frontEndDir: '/nowhere', models: {}, threshold: 0.5 },
    pocketsphinx: { threshold: 1e-25, pronunciations: {} },
  };
}

test('hotword.engine allows exactly what the registry has', () => {
  const allowed = [...(KEYS.get('hotword.engine')?.allowed.matchAll(/"(\w+)"/g) ?? [])].map((match) => match[1]);
  assert.deepEqual(new Set(allowed), new Set(Object.keys(ENGINES)));
});

test('"none" listens for nothing and hears nothing', async () => {
  const engine = await createEngine(settings('none'), log);
  assert.deepEqual([engine.name, engine.phrases, engine.chunkSamples], ['none', [], 1280]);
  assert.equal(engine.process(new Int16Array(1280).fill(20_000)), undefined);
  engine.reset();
  engine.close();
  engine.close();
});

for (const [engine, pattern] of [
  ['openwakeword', /hotword\.openwakeword\.models has no model for the phrase "hey tars"; add one/],
  ['porcupine', /"porcupine" needs hotword\.porcupine\.access_key_file/],
  ['snowboy', /"snowboy" does not exist; choose one of auto, porcupine, pocketsphinx, openwakeword, none/],
  ['toString', /"toString" does not exist/],
] as const) {
  test(`"${engine}" without more: an error that says what to do`, async () => {
    await assert.rejects(createEngine(settings(engine), log), (error) => {
      assert.ok(error instanceof HotwordError);
      assert.match(error.message, pattern);
      return true;
    });
  });
}
