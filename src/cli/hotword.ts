import { setImmediate } from 'node:timers/promises';
import { ClientError, HotwordError, UsageError } from '../errors.js';
import type { HotwordEngine } from '../hotword/engine.js';
import { HotwordListener } from '../hotword/listener.js';
import { createResampler } from '../pcm/resampler.js';
import { readWav } from '../pcm/wav.js';

/** What `hotwordCommand` may be given beside the files. */
export interface HotwordCommandOptions {
  /** See `hotword.refractory_ms`. @default 0 milliseconds */
  refractoryMs?: number;
  /** Where an unreadable file is named. @default stderr */
  errors?: NodeJS.WritableStream;
  /** Ends it early. */
  signal: AbortSignal;
}

/** So much of a recording is listened to between two looks at whether to end, in seconds. */
const SLICE_SECONDS = 10;

/**
 * The command `hotword FILE…`: runs the engine over WAV files (their first channel) and prints a line
 * `file<TAB>seconds<TAB>phrase<TAB>score` for each detection, the seconds being the end of the phrase, and a summary
 * last. Resolves to the exit code: 1 when a file could not be read; the others are done all the same.
 * Throws UsageError without files, and HotwordError when the engine fails or the signal aborts. Does not close the engine.
 */
export async function hotwordCommand(
  files: readonly string[],
  engine: HotwordEngine,
  out: NodeJS.WritableStream,
  options: HotwordCommandOptions,
): Promise<number> {
  if (files.length === 0)
    throw new UsageError('hotword: name at least one WAV file, as in: tars-client hotword FILE.wav');
  const { refractoryMs = 0, errors = process.stderr, signal } = options;
  let unreadable = 0;
  let samples = 0;
  let detections = 0;
  let busyMs = 0;
  for (const file of files) {
    let sound: Int16Array;
    try {
      sound = await soundOf(file, engine.rateHz);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      unreadable += 1;
      errors.write(`hotword: ${error.message}\n`);
      continue;
    }
    const startedMs = performance.now();
    for (const hit of await detectionsIn(sound, engine, refractoryMs, signal)) {
      detections += 1;
      const seconds = Math.min(hit.endedAt, sound.length) / engine.rateHz;
      out.write(`${file}\t${seconds.toFixed(2)}\t${hit.phrase}\t${hit.score.toFixed(2)}\n`);
    }
    busyMs += performance.now() - startedMs;
    samples += sound.length;
  }
  const seconds = samples / engine.rateHz;
  const speed = busyMs > 0 ? (seconds * 1000) / busyMs : 0;
  const heard = files.length - unreadable;
  out.write(
    `${heard} file${heard === 1 ? '' : 's'}, ${seconds.toFixed(1)} s of sound, ` +
      `${detections} detection${detections === 1 ? '' : 's'}, ${speed.toFixed(0)} times real time\n`,
  );
  return unreadable > 0 ? 1 : 0;
}

/** The first channel of a WAV file at this rate. Throws AudioError when it cannot be read. */
export async function soundOf(file: string, rateHz: number): Promise<Int16Array> {
  const wav = await readWav(file);
  const resampler = await createResampler(wav.rateHz, rateHz);
  try {
    const head = resampler.process(wav.samples);
    const tail = resampler.flush();
    const sound = new Int16Array(head.length + tail.length);
    sound.set(head);
    sound.set(tail, head.length);
    return sound;
  } finally {
    resampler.close();
  }
}

interface Hit {
  phrase: string;
  score: number;
  endedAt: number;
}

/**
 * Lets an engine hear a second of silence, so that it makes no difference what it heard before, and resets it. Throws
 * HotwordError when it fails.
 */
export function hush(engine: HotwordEngine): void {
  const listener = listenerTo(engine, 0, () => undefined);
  listener.feed(new Int16Array(engine.rateHz));
  listener.reset();
}

/**
 * What an engine hears in a recording that begins and ends in silence. Throws HotwordError when it fails or the signal
 * aborts.
 */
export async function detectionsIn(
  sound: Int16Array,
  engine: HotwordEngine,
  refractoryMs: number,
  signal: AbortSignal,
): Promise<Hit[]> {
  const hits: Hit[] = [];
  hush(engine);
  const listener = listenerTo(engine, refractoryMs, (hit) => hits.push(hit));
  const slice = SLICE_SECONDS * engine.rateHz;
  for (let at = 0; at < sound.length; at += slice) {
    await breath(signal);
    listener.feed(sound.subarray(at, at + slice));
  }
  // A second of silence, for what the engine only tells some time after the phrase.
  listener.feed(new Int16Array(engine.rateHz));
  return hits;
}

function listenerTo(engine: HotwordEngine, refractoryMs: number, onDetection: (hit: Hit) => void): HotwordListener {
  const onFailure = (error: HotwordError) => {
    throw error;
  };
  return new HotwordListener({ engine, refractoryMs, onDetection, onFailure });
}

/** Lets in what waits, such as the word to end. Throws HotwordError when the signal has aborted. */
export async function breath(signal: AbortSignal): Promise<void> {
  await setImmediate();
  if (signal.aborted) throw new HotwordError('hotword was stopped before its end');
}
