import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AudioError } from '../../src/errors.js';
import { KeptDetections } from '../../src/hotword/kept-detections.js';
import { SampleRing } from '../../src/pcm/ring.js';
import { readWav } from '../../src/pcm/wav.js';

const RING = 100_000;

async function bench(test: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tars-kept-'));
  test.after(() => rm(folder, { recursive: true }));
  let seconds = 0;
  const kept = new KeptDetections(() => new Date(Date.UTC(2026, 2, 1, 12, 30, seconds++)));
  const ring = new SampleRing(RING);
  const hear = (endedAt: number, score = 0.7) =>
    kept.keep({ phrase: 'hey tars', score, engine: 'test', endedAt }, ring);
  /** Samples whose values are their positions divided by ten. */
  const sound = (length: number) => ring.write(Int16Array.from({ length }, (_, at) => (ring.end + at) / 10));
  return { kept, folder, ring, sound, hear };
}

test('a file holds two seconds up to the end of the phrase and half a second behind it, for this user only', async (test) => {
  const { kept, folder, sound, hear } = await bench(test);
  const made = join(folder, 'made', 'detections');
  sound(90_000);
  hear(80_000, 0.714);
  const paths = await kept.write(made);
  assert.deepEqual(paths, [join(made, '2026-03-01T12-30-00.000Z-hey-tars-0.71.wav')]);
  const { samples, rateHz } = await readWav(paths[0] ?? '');
  assert.deepEqual([rateHz, samples.length, samples[0], samples.at(-1)], [16_000, 40_000, 4_800, 8_799]);
  assert.equal((await stat(paths[0] ?? '')).mode & 0o777, 0o600);
  assert.equal((await stat(made)).mode & 0o777, 0o700);
});

test('what the engine told at once, early in the stream, is as long as there is sound', async (test) => {
  const { kept, folder, sound, hear } = await bench(test);
  sound(20_000);
  hear(19_990);
  const [path] = await kept.write(folder);
  assert.equal((await readWav(path ?? '')).samples.length, 20_000);
});

test('the last ten are kept, and each is written once', async (test) => {
  const { kept, folder, sound, hear } = await bench(test);
  sound(50_000);
  for (let count = 0; count < 12; count++) hear(40_000, count / 100);
  const [first, second] = await Promise.all([kept.write(folder), kept.write(folder)]);
  assert.deepEqual(first, second);
  assert.equal(first.length, 10);
  assert.match(first[0] ?? '', /0\.02\.wav$/);
  assert.deepEqual(await kept.write(folder), []);
  assert.equal((await readdir(folder)).length, 10);
});

test('nothing is written of what was forgotten', async (test) => {
  const { kept, folder, sound, hear } = await bench(test);
  sound(50_000);
  hear(40_000);
  kept.forget();
  assert.deepEqual(await kept.write(folder), []);
});

test('what cannot be written stays kept, and the message names the place', async (test) => {
  const { kept, folder, sound, hear } = await bench(test);
  sound(50_000);
  hear(40_000);
  const file = join(folder, 'file');
  await writeFile(file, '');
  await assert.rejects(kept.write(join(file, 'below')), (error: Error) => {
    assert.ok(error instanceof AudioError);
    assert.match(error.message, /file\/below cannot be made.*ENOTDIR/);
    return true;
  });
  const taken = join(folder, '2026-03-01T12-30-00.000Z-hey-tars-0.70.wav');
  await mkdir(taken);
  await assert.rejects(kept.write(folder), /hey-tars-0\.70\.wav cannot be written/);
  await rm(taken, { recursive: true });
  assert.deepEqual(await kept.write(folder), [taken]);
});
