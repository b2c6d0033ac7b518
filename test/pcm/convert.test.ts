import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toMono16 } from '../../src/pcm/convert.js';

test('16 bit, one of two channels', () => {
  const bytes = new Uint8Array(Int16Array.of(1, -2, 3, -4).buffer);
  const format = { rateHz: 16_000, bits: 16, channels: 2 } as const;
  assert.deepEqual(toMono16(bytes, format, 1), Int16Array.of(1, 3));
  assert.deepEqual(toMono16(bytes, format, 2), Int16Array.of(-2, -4));
});

test('of 24 and 32 bits the upper 16 stay', () => {
  const bytes24 = Uint8Array.of(0xff, 0x34, 0x12, 0x00, 0x00, 0x80);
  assert.deepEqual(toMono16(bytes24, { rateHz: 1, bits: 24, channels: 1 }, 1), Int16Array.of(0x1234, -32768));
  const bytes32 = new Uint8Array(Int32Array.of(0x12345678, -0x12345678).buffer);
  assert.deepEqual(toMono16(bytes32, { rateHz: 1, bits: 32, channels: 1 }, 1), Int16Array.of(0x1234, -0x1235));
});

test('bytes at an odd address, and a last incomplete frame', () => {
  const bytes = Uint8Array.of(99, 1, 0, 2, 0, 3).subarray(1);
  assert.deepEqual(toMono16(bytes, { rateHz: 1, bits: 16, channels: 1 }, 1), Int16Array.of(1, 2));
});

test('the samples are a copy: changing them leaves the bytes alone', () => {
  const bytes = Uint8Array.of(1, 0);
  toMono16(bytes, { rateHz: 1, bits: 16, channels: 1 }, 1)[0] = 77;
  assert.deepEqual(bytes, Uint8Array.of(1, 0));
});

test('a channel that is not there is refused', () => {
  for (const channel of [0, 3, 1.5]) {
    assert.throws(() => toMono16(new Uint8Array(4), { rateHz: 1, bits: 16, channels: 2 }, channel), RangeError);
  }
});
