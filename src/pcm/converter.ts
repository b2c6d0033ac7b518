import { toMono16 } from './convert.js';
import { frameBytes, type PcmFormat } from './format.js';
import { createResampler, type Resampler } from './resampler.js';

/** What `createConverter` turns into what. */
export interface ConverterOptions {
  /** The bytes that come. */
  format: PcmFormat;
  /** Which channel is wanted, from 1. */
  channel: number;
  /** Amplification in dB, before anything is rounded; what becomes too loud is limited softly. */
  gainDb: number;
  /** Rate of the samples that go out, in hertz. */
  toRateHz: number;
}

/** Turns a device's bytes into mono 16-bit samples of one rate, whatever the blocks they come in. */
export interface Converter {
  /** Samples that the caller may keep; none when the bytes made no whole frame yet. */
  process(bytes: Uint8Array): Int16Array;
  close(): void;
}

/** Makes a converter. Throws AudioError when the resampler is needed and not installed. */
export async function createConverter(options: ConverterOptions): Promise<Converter> {
  return converterWith(await createResampler(options.format.rateHz, options.toRateHz), options);
}

/** A converter with a resampler for its rates, which it closes. */
export function converterWith(resampler: Resampler, options: Omit<ConverterOptions, 'toRateHz'>): Converter {
  const { format, channel, gainDb } = options;
  const gain = 10 ** (gainDb / 20);
  const frame = frameBytes(format);
  let rest: Uint8Array = new Uint8Array(0);
  return {
    process(bytes) {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const whole = all.length - (all.length % frame);
      rest = all.subarray(whole);
      const samples = toMono16(all.subarray(0, whole), format, channel, gain);
      return resampler.process(samples);
    },
    close: () => resampler.close(),
  };
}
