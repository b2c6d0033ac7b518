import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEYS } from '../../src/config/keys.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import { PROTOCOLS } from '../../src/protocol/registry.js';
import { SPEAKERS } from '../../src/speaker/registry.js';
import { VOICES } from '../../src/speech/registry.js';

for (const [path, registry] of [
  ['mic.backend', MICROPHONES],
  ['speaker.backend', SPEAKERS],
  ['server.protocol', PROTOCOLS],
  ['speech.engine', VOICES],
] as const) {
  test(`${path} allows exactly what its registry has`, () => {
    const allowed = [...(KEYS.get(path)?.allowed.matchAll(/"([\w-]+)"/g) ?? [])].map((match) => match[1]);
    assert.deepEqual(new Set(allowed), new Set(Object.keys(registry)));
  });
}
