import { readFile } from 'node:fs/promises';
import { AudioError, messageOf } from '../errors.js';
import { toMono16 } from './convert.js';
import { isRate, type PcmFormat } from './format.js';

/** Sound of a WAV file. */
export interface Wav {
  /** Samples a second, in hertz. */
  rateHz: number;
  /** How many channels the file has. */
  channels: number;
  /** The channel asked for, at 16 bit. */
  samples: Int16Array;
}

const PCM = 0x0001;
const FLOAT = 0x0003;
const EXTENSIBLE = 0xfffe;

/** Names of the codecs one meets in WAV files (RFC 2361 and mmreg.h). */
const CODECS: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG',
  85: 'MP3',
  255: 'AAC',
  352: 'Windows Media Audio',
};

/**
 * Reads a WAV file: integers of 16, 24 and 32 bits and 32-bit floats, any rate. A file cut short, or one whose sizes
 * were never filled in because it was streamed, is read as far as it goes.
 * Throws AudioError naming the file, what is wrong with it and the remedy.
 *
 * @param channel from 1.
 */
export async function readWav(path: string, channel = 1): Promise<Wav> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new AudioError(`${path}: ${messageOf(error)}; give the path of a WAV file that this user may read`, {
      cause: error,
    });
  }
  return parseWav(bytes, path, channel);
}

/** The sound of a WAV file's bytes; `name` is for the error. See `readWav`. */
export function parseWav(bytes: Uint8Array, name: string, channel = 1): Wav {
  const chunks = riffChunks(bytes, name);
  const layout = chunks.get('fmt ');
  const data = chunks.get('data');
  if (!layout || layout.byteLength < 16)
    throw refusal(name, 'has no whole "fmt " chunk', 'the file is damaged; make it again');
  if (!data) throw refusal(name, 'has no "data" chunk', 'the file is damaged; make it again');

  let codec = layout.getUint16(0, true);
  const channels = layout.getUint16(2, true);
  const rateHz = layout.getUint32(4, true);
  const bits = layout.getUint16(14, true);
  // The first two bytes of an extensible header's GUID are the codec.
  if (codec === EXTENSIBLE && layout.byteLength >= 26) codec = layout.getUint16(24, true);
  if (codec !== PCM && codec !== FLOAT) {
    throw refusal(name, `holds ${CODECS[codec] ?? `codec ${codec}`} in a WAV`, conversion(name));
  }
  if (!isRate(rateHz)) throw refusal(name, `says ${rateHz} samples a second`, 'the header is damaged');
  if (channels < 1) throw refusal(name, 'says that it has no channels', 'the header is damaged');
  if (channel > channels)
    throw refusal(name, `has ${channels} channel(s), no channel ${channel}`, 'choose another one');

  const body = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (codec === FLOAT) {
    if (bits !== 32) throw refusal(name, `holds floats of ${bits} bits`, conversion(name));
    return { rateHz, channels, samples: fromFloats(data, channels, channel) };
  }
  if (bits !== 16 && bits !== 24 && bits !== 32) throw refusal(name, `holds ${bits}-bit samples`, conversion(name));
  const format: PcmFormat = { rateHz, bits, channels };
  return { rateHz, channels, samples: toMono16(body, format, channel) };
}

function fromFloats(data: DataView, channels: number, channel: number): Int16Array {
  const samples = new Int16Array(Math.floor(data.byteLength / 4 / channels));
  for (let i = 0; i < samples.length; i++) {
    const value = data.getFloat32((i * channels + channel - 1) * 4, true);
    samples[i] = Math.max(-32768, Math.min(32767, Math.round(value * 32768)));
  }
  return samples;
}

/** The first chunk of each name, cut to the bytes that are there. */
function riffChunks(bytes: Uint8Array, name: string): Map<string, DataView> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 0) throw refusal(name, 'is empty', 'record it again');
  if (tag(bytes, 0) !== 'RIFF' || tag(bytes, 8) !== 'WAVE') {
    throw refusal(name, `is not a WAV file (${kindOf(bytes)})`, conversion(name));
  }
  const riffEnd = view.getUint32(4, true) + 8;
  const chunks = new Map<string, DataView>();
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = tag(bytes, at);
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    const length = Math.min(size, bytes.length - start);
    if (!chunks.has(id)) chunks.set(id, new DataView(bytes.buffer, bytes.byteOffset + start, length));
    // A program that was killed leaves sizes of nothing in front of the sound, which goes on to the end.
    if (id === 'data' && size === 0 && (riffEnd <= start || riffEnd > 0xffff_ffff)) {
      chunks.set(id, new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start));
      break;
    }
    at = start + size + (size % 2);
  }
  return chunks;
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function kindOf(bytes: Uint8Array): string {
  const start = tag(bytes, 0);
  if (start === 'OggS') return 'it is Ogg';
  if (start === 'fLaC') return 'it is FLAC';
  if (start === 'RF64' || start === 'RIFX') return `it is ${start}`;
  if (start.startsWith('ID3') || (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0)) return 'it is MP3';
  return 'no RIFF/WAVE header';
}

function conversion(name: string): string {
  return `convert it: sox ${JSON.stringify(name)} -b 16 -e signed-integer converted.wav`;
}

function refusal(name: string, what: string, remedy: string): AudioError {
  return new AudioError(`${name} ${what}; ${remedy}`);
}
