import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AudioError } from '../../src/errors.js';
import { readWav } from '../../src/pcm/wav.js';
import { RATE_HZ } from './sound-tap.js';

const run = promisify(execFile);

/** flite's voices that speak at 16 kHz. */
export type Voice = 'slt' | 'rms' | 'awb';

const spoken = new Map<string, Promise<Int16Array>>();
let folder: Promise<string> | undefined;

/**
 * flite saying a text, at 16 kHz, without the silence around it: the first and the last sample are speech. Each text
 * is spoken once a process; the caller gets an array of its own.
 */
export async function say(text: string, voice: Voice = 'slt'): Promise<Int16Array> {
  const key = `${voice} ${text}`;
  const made = spoken.get(key) ?? synthesise(text, voice, spoken.size);
  spoken.set(key, made);
  return (await made).slice();
}

async function synthesise(text: string, voice: Voice, index: number): Promise<Int16Array> {
  folder ??= makeFolder();
  const path = join(await folder, `${index}.wav`);
  await run('flite', ['-voice', voice, '-t', text, '-o', path], { timeout: 20_000 });
  const { rateHz, samples } = await readWav(path);
  if (rateHz !== RATE_HZ)
    throw new AudioError(`flite's voice ${voice} speaks at ${rateHz} Hz; choose one of ${RATE_HZ} Hz`);
  return trim(samples);
}

async function makeFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'tars-speech-'));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Digital silence. */
export function silence(durationMs: number): Int16Array {
  return new Int16Array(Math.round((durationMs * RATE_HZ) / 1000));
}

/** One after the other. */
export function concat(...parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Without leading and trailing samples of at most `threshold`; flite's silence is not quite zero. @default 40 */
export function trim(samples: Int16Array, threshold = 40): Int16Array {
  const isLoud = (sample: number) => Math.abs(sample) > threshold;
  return samples.slice(Math.max(0, samples.findIndex(isLoud)), samples.findLastIndex(isLoud) + 1);
}

/** As loud as asked: the peak at `peakDbfs` decibels below full scale (a negative number). */
export function atPeak(samples: Int16Array, peakDbfs: number): Int16Array {
  const peak = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
  return peak === 0 ? samples.slice() : scale(samples, (32_767 * 10 ** (peakDbfs / 20)) / peak);
}

/** Every sample times `factor`, limited to 16 bit. */
export function scale(samples: Int16Array, factor: number): Int16Array {
  return samples.map((sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * factor))));
}

/** Samples of a duration at 16 kHz. */
export function samplesOfMs(durationMs: number): number {
  return Math.round((durationMs * RATE_HZ) / 1000);
}

/** Milliseconds that samples last at 16 kHz. */
export function msOfSamples(count: number): number {
  return (count * 1000) / RATE_HZ;
}
