import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { AudioError } from '../../src/errors.js';
import { parseWav, readWav } from '../../src/pcm/wav.js';

interface Parts {
  codec?: number;
  channels?: number;
  rateHz?: number;
  bits?: number;
  /** Codec inside an extensible header. */
  inner?: number;
  /** Chunks between the header and the data. */
  before?: Buffer;
  dataSize?: number;
  riffSize?: number;
}

function chunk(id: string, body: Uint8Array, size = body.length): Buffer {
  const header = Buffer.alloc(8);
  header.write(id, 'latin1');
  header.writeUInt32LE(size, 4);
  return Buffer.concat([header, body, Buffer.alloc(body.length % 2)]);
}

function wav(data: Uint8Array, parts: Parts = {}): Buffer {
  const { codec = 1, channels = 1, rateHz = 16_000, bits = 16, inner, before = Buffer.alloc(0) } = parts;
  const layout = Buffer.alloc(inner === undefined ? 16 : 40);
  layout.writeUInt16LE(inner === undefined ? codec : 0xfffe, 0);
  layout.writeUInt16LE(channels, 2);
  layout.writeUInt32LE(rateHz, 4);
  layout.writeUInt16LE(bits, 14);
  if (inner !== undefined) layout.writeUInt16LE(inner, 24);
  const body = Buffer.concat([Buffer.from('WAVE'), chunk('fmt ', layout), before, chunk('data', data, parts.dataSize)]);
  return chunk('RIFF', body, parts.riffSize);
}

const bytes = (array: Int16Array | Int32Array | Float32Array) => new Uint8Array(array.buffer);
const SAMPLES = Int16Array.of(0, 1, -1, 32767, -32768);

test('16-bit mono, with its rate and channels', () => {
  assert.deepEqual(parseWav(wav(bytes(SAMPLES), { rateHz: 44_100 }), 'x'), {
    rateHz: 44_100,
    channels: 1,
    samples: SAMPLES,
  });
});

test('the channel that is asked for', () => {
  const file = wav(bytes(Int16Array.of(1, 2, 3, 4)), { channels: 2 });
  assert.deepEqual(parseWav(file, 'x').samples, Int16Array.of(1, 3));
  assert.deepEqual(parseWav(file, 'x', 2).samples, Int16Array.of(2, 4));
  assert.throws(() => parseWav(file, 'x', 3), /x has 2 channel\(s\), no channel 3/);
});

test('24 and 32 bits, floats, and the extensible header', () => {
  assert.deepEqual(parseWav(wav(Uint8Array.of(0, 0x34, 0x12), { bits: 24 }), 'x').samples, Int16Array.of(0x1234));
  assert.deepEqual(parseWav(wav(bytes(Int32Array.of(5 << 16)), { bits: 32 }), 'x').samples, Int16Array.of(5));
  const floats = bytes(Float32Array.of(0.5, -1, 1, 7));
  const expected = Int16Array.of(16384, -32768, 32767, 32767);
  assert.deepEqual(parseWav(wav(floats, { codec: 3, bits: 32 }), 'x').samples, expected);
  assert.deepEqual(parseWav(wav(floats, { inner: 3, bits: 32 }), 'x').samples, expected);
  assert.deepEqual(parseWav(wav(bytes(SAMPLES), { inner: 1 }), 'x').samples, SAMPLES);
});

test('chunks nobody asked for, of odd length too', () => {
  const before = Buffer.concat([chunk('LIST', Buffer.alloc(7)), chunk('bext', Buffer.alloc(602))]);
  assert.deepEqual(parseWav(wav(bytes(SAMPLES), { before }), 'x').samples, SAMPLES);
});

test('a file cut short is read as far as it goes', () => {
  const file = wav(bytes(SAMPLES));
  assert.deepEqual(parseWav(file.subarray(0, file.length - 3), 'x').samples, SAMPLES.subarray(0, 3));
});

test('sizes that were never filled in mean: to the end', () => {
  for (const [riffSize, dataSize] of [
    [0xffff_ffff, 0xffff_ffff],
    [0, 0],
    [36, 0],
    [0xffff_ffff, 0],
    [0x7fff_ffff, 0x7fff_ffdb],
  ] as const) {
    assert.deepEqual(
      parseWav(wav(bytes(SAMPLES), { riffSize, dataSize }), 'x').samples,
      SAMPLES,
      `${riffSize} ${dataSize}`,
    );
  }
});

test('an empty sound is a sound', () => {
  assert.deepEqual(parseWav(wav(new Uint8Array(0)), 'x').samples, new Int16Array(0));
});

for (const [what, file, pattern] of [
  ['nothing', Buffer.alloc(0), /^song\.wav is empty; record it again$/],
  ['text', Buffer.from('just some words'), /is not a WAV file \(no RIFF\/WAVE header\); convert it: sox "song.wav"/],
  ['MP3', Buffer.from('ID3\x04\x00\x00\x00\x00\x00\x00\x00\x00'), /it is MP3/],
  ['FLAC', Buffer.from('fLaC\x00\x00\x00\x22abcdefgh'), /it is FLAC/],
  ['Ogg', Buffer.from('OggS\x00\x02\x00\x00abcdefgh'), /it is Ogg/],
  ['MP3 in a WAV', wav(new Uint8Array(8), { codec: 85 }), /holds MP3 in a WAV; convert it: sox/],
  ['an unknown codec', wav(new Uint8Array(8), { codec: 4711 }), /holds codec 4711 in a WAV/],
  ['A-law in an extensible header', wav(new Uint8Array(8), { inner: 6 }), /holds A-law in a WAV/],
  ['8 bits', wav(new Uint8Array(8), { bits: 8 }), /holds 8-bit samples; convert it/],
  ['64-bit floats', wav(new Uint8Array(8), { codec: 3, bits: 64 }), /holds floats of 64 bits/],
  ['no channels', wav(new Uint8Array(8), { channels: 0 }), /no channels; the header is damaged/],
  ['no rate', wav(new Uint8Array(8), { rateHz: 0 }), /says 0 samples a second/],
  ['no data', wav(new Uint8Array(0)).subarray(0, 36), /has no "data" chunk/],
  ['no layout', chunk('RIFF', Buffer.from('WAVE')), /has no whole "fmt " chunk/],
] as const) {
  test(`${what}: refused by name, with the remedy`, () => {
    assert.throws(
      () => parseWav(file, 'song.wav'),
      (error) => error instanceof AudioError && error.message.startsWith('song.wav ') && pattern.test(error.message),
    );
  });
}

test('whatever the bytes, there is a sound or an AudioError', () => {
  const whole = wav(bytes(SAMPLES));
  const damaged = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 })
    .map((changes) => {
      const file = Buffer.from(whole);
      for (const [at, value] of changes) file[at] = value;
      return file;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (file) => {
      try {
        assert.ok(parseWav(file, 'x').samples instanceof Int16Array);
      } catch (error) {
        assert.ok(error instanceof AudioError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test('a file that is not there is named, with the remedy', async () => {
  const path = join(tmpdir(), 'there-is-no-such-file.wav');
  await assert.rejects(readWav(path), (error) => {
    assert.ok(error instanceof AudioError);
    assert.match(error.message, /there-is-no-such-file\.wav: ENOENT.*give the path of a WAV file/);
    return true;
  });
});
