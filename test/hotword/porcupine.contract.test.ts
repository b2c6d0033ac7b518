import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HotwordError } from '../../src/errors.js';
import { createPorcupine } from '../../src/hotword/porcupine.js';

// The package sees without the network that this is no key.
test('the real package refuses a wrong key, and the error says so without telling it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'porcupine-'));
  try {
    const accessKeyFile = join(dir, 'access-key');
    await writeFile(accessKeyFile, 'this0is0no0key\n');
    const options = { phrases: ['jarvis'], accessKeyFile, keywords: {}, sensitivity: 0.5 };
    await assert.rejects(createPorcupine(options), (error) => {
      assert.ok(error instanceof HotwordError);
      assert.match(error.message, /access-key is not right: copy it again/);
      assert.doesNotMatch(error.message, /this0is0no0key/);
      return true;
    });
  } finally {
    await rm(dir, { recursive: true });
  }
});
