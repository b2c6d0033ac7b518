import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AudioError } from '../../src/errors.js';
import { bytesOf } from '../../src/pcm/format.js';
import { readWav } from '../../src/pcm/wav.js';
import { WavWriter, writeWav } from '../../src/pcm/wav-writer.js';

const SAMPLES = Int16Array.from({ length: 1000 }, (_, i) => i * 17 - 8000);
let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wav-'));
});
after(() => rm(dir, { recursive: true }));

test('what is written is read back', async () => {
  const path = join(dir, 'whole.wav');
  await writeWav(path, SAMPLES, 22_050);
  assert.deepEqual(await readWav(path), { rateHz: 22_050, channels: 1, samples: SAMPLES });
});

test('a growing file keeps the order of the writes and gets its sizes at the end', async () => {
  const path = join(dir, 'grown.wav');
  const writer = await WavWriter.open(path, { rateHz: 16_000, bits: 16, channels: 1 });
  const writes = [0, 1, 400, 401, 1000].map((to, i, all) =>
    writer.write(bytesOf(SAMPLES.subarray(all[i - 1] ?? 0, to))),
  );
  await Promise.all(writes);
  assert.equal(writer.dataBytes, 2000);
  await Promise.all([writer.close(), writer.close()]);
  assert.deepEqual((await readWav(path)).samples, SAMPLES);
  const header = await readFile(path);
  assert.equal(header.readUInt32LE(4), header.length - 8);
  assert.equal(header.readUInt32LE(40), 2000);
});

test('a file that was never closed can be read all the same', async () => {
  const path = join(dir, 'killed.wav');
  const writer = await WavWriter.open(path, { rateHz: 16_000, bits: 16, channels: 2 });
  await writer.write(bytesOf(SAMPLES));
  const { channels, samples } = await readWav(path);
  assert.equal(channels, 2);
  assert.equal(samples.length, 500);
  await writer.close();
});

test('closing waits for the writes before it, and refuses those after it', async () => {
  const path = join(dir, 'closing.wav');
  const writer = await WavWriter.open(path, { rateHz: 16_000, bits: 16, channels: 1 });
  const written = writer.write(bytesOf(SAMPLES));
  const closed = writer.close();
  await assert.rejects(writer.write(bytesOf(SAMPLES)), AudioError);
  await Promise.all([written, closed]);
  assert.deepEqual((await readWav(path)).samples, SAMPLES);
});

test('a place that cannot be written to is named, with the remedy', async () => {
  const path = join(dir, 'no', 'such', 'folder.wav');
  const pattern = /folder\.wav cannot be written: ENOENT.*choose another place/;
  await assert.rejects(writeWav(path, SAMPLES, 16_000), pattern);
  await assert.rejects(WavWriter.open(path, { rateHz: 16_000, bits: 16, channels: 1 }), pattern);
});
