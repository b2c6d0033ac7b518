import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AudioError } from '../../src/errors.js';
import { createResampler } from '../../src/pcm/resampler.js';

test('equal rates give the same samples and need no library', async () => {
  const resampler = await createResampler(16_000, 16_000, { library: 'libnothing.so.9' });
  const samples = Int16Array.of(1, 2, 3);
  assert.equal(resampler.process(samples), samples);
  assert.equal(resampler.flush().length, 0);
  resampler.close();
  resampler.close();
});

test('a missing library names the package to install', async () => {
  await assert.rejects(createResampler(48_000, 16_000, { library: 'libnothing.so.9' }), (error) => {
    assert.ok(error instanceof AudioError);
    assert.match(error.message, /libnothing\.so\.9.*install the package libspeexdsp1/);
    return true;
  });
});
