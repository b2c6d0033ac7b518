import { setImmediate as nextTurn } from 'node:timers/promises';
import { AudioError, messageOf } from '../errors.js';
import { isRate } from '../pcm/format.js';
import { parseWav } from '../pcm/wav.js';
import type { Sound } from './voice.js';

/** What the decoders of compressed sound have in common. */
interface Decoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): Decoded | Promise<Decoded>;
  flush?(): Decoded | Promise<Decoded>;
  free(): void;
}

interface Decoded {
  channelData: Float32Array[];
  sampleRate: number;
}

/** Decoded at once between two turns of the event loop: some milliseconds' work. */
const SLICE_BYTES = 8_192;
/** Longer sounds are not for a conversation, and do not belong into memory. */
const MAX_SECONDS = 600;

/** The sound of a file's bytes: WAV, MP3, or Ogg with Vorbis or Opus in it. Throws AudioError for anything else. */
export async function decodeSound(bytes: Uint8Array, name: string): Promise<Sound> {
  const decoder = await decoderFor(bytes);
  if (!decoder) return parseWav(bytes, name);
  try {
    await decoder.ready;
    return await decodeAll(decoder, bytes);
  } catch (error) {
    throw new AudioError(`${name} cannot be decoded: ${messageOf(error)}`, { cause: error });
  } finally {
    decoder.free();
  }
}

/** Undefined for what is no compressed sound. Loaded when needed: most devices never are asked to play one. */
async function decoderFor(bytes: Uint8Array): Promise<Decoder | undefined> {
  const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  if (start.startsWith('OggS')) {
    if (start.includes('OpusHead')) return new (await import('ogg-opus-decoder')).OggOpusDecoder();
    return new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder();
  }
  const isFrame = bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0;
  if (start.startsWith('ID3') || isFrame) return new (await import('mpg123-decoder')).MPEGDecoder();
  return undefined;
}

async function decodeAll(decoder: Decoder, bytes: Uint8Array): Promise<Sound> {
  const parts: Int16Array[] = [];
  let rateHz = 0;
  let count = 0;
  const take = ({ channelData, sampleRate }: Decoded) => {
    const samples = mono(channelData);
    if (samples.length === 0) return;
    if (!isRate(sampleRate)) throw new AudioError(`it says ${sampleRate} samples a second; its header is damaged`);
    rateHz = sampleRate;
    count += samples.length;
    if (count > MAX_SECONDS * rateHz) throw new AudioError(`it is longer than ${MAX_SECONDS} s`);
    parts.push(samples);
  };
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    take(await decoder.decode(bytes.subarray(at, at + SLICE_BYTES)));
    await nextTurn();
  }
  if (decoder.flush) take(await decoder.flush());
  if (count === 0) throw new AudioError('there is no sound in it');
  const samples = new Int16Array(count);
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return { rateHz, samples };
}

/** All channels in one, at 16 bit. */
function mono(channels: readonly Float32Array[]): Int16Array {
  const samples = new Int16Array(channels[0]?.length ?? 0);
  for (let i = 0; i < samples.length; i++) {
    const sum = channels.reduce((total, channel) => total + (channel[i] ?? 0), 0);
    samples[i] = Math.max(-32_768, Math.min(32_767, Math.round((sum / channels.length) * 32_768)));
  }
  return samples;
}
