import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { parse } from 'smol-toml';
import { startInnerDevice } from '../helpers/inner-device.js';
import { silence } from '../helpers/speech.js';
import { StrictGlassesCloud } from '../helpers/strict-glasses-cloud.js';

const README = new URL('../../../README.md', import.meta.url);
const SECRET = 'the secret of this cloud';

it("the README's lines for glasses are all that it takes, but for the address and the token", async (test) => {
  const folder = await mkdtemp(join(tmpdir(), 'tars-readme-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, 'core-token');
  await writeFile(tokenFile, `${StrictGlassesCloud.token(SECRET)}\n`, { mode: 0o600 });
  const cloud = new StrictGlassesCloud({ era: 'snapshot', secret: SECRET, haste: 8 });
  await cloud.start();
  test.after(() => cloud.close());

  const section = (await readFile(README, 'utf8')).split('\n## ').find((part) => part.startsWith('As glasses'));
  const lines = section?.split('\n').filter((line) => line.startsWith('    ')) ?? [];
  const toml = lines
    .join('\n')
    .replace('wss://cloud.example', cloud.url)
    .replace('/etc/tars-client/core-token', tokenFile);
  const settings = Object.entries(parse(toml)).flatMap(([table, keys]) =>
    Object.entries(keys).map(([key, value]) => [`${table}.${key}`, String(value)] as const),
  );
  assert.ok(settings.length >= 3, toml);
  const device = await startInnerDevice(test, {
    heard: silence(10_000),
    speed: 8,
    settings: Object.fromEntries(settings),
  });
  await cloud.until(() => cloud.counts.glasses_connection_state === 1, 'the greeting');
  device.talk();
  await cloud.until(() => (cloud.counts.audio ?? 0) >= 3, 'what the person says');
  assert.deepEqual(cloud.violations, []);
});
