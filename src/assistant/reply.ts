import { fadeEdges } from '../cues/shape.js';
import { rmsDb } from '../pcm/level.js';

/** How loud the voice of a reply is meant to be, in dBFS. */
const TARGET_DB = -20;
/** Gently: a whisper across the room stays one, and the noise around it does not become a storm. */
const GAIN_MAX_DB = 24;
/** Louder samples are bent, so that none goes beyond full scale. */
const KNEE = 10 ** (-6 / 20);
const CEILING = 10 ** (-1 / 20);
const PAUSE_MS = 150;
const FADE_MS = 20;
const LEVEL_FRAME_MS = 20;

/** Makes a reply: the chime, a short pause, and what was heard at an even loudness, at `rateHz`. */
export function composeReply(chime: Int16Array, heard: Int16Array, rateHz: number): Int16Array {
  const pause = Math.round((PAUSE_MS * rateHz) / 1000);
  const reply = new Int16Array(chime.length + pause + heard.length);
  reply.set(chime, 0);
  reply.set(levelOut(heard, rateHz), chime.length + pause);
  return reply;
}

/** The same sound at about -20 dBFS where somebody speaks, without its DC offset, peaks bent, both ends faded. */
export function levelOut(heard: Int16Array, rateHz: number): Int16Array {
  let sum = 0;
  for (const sample of heard) sum += sample;
  const offset = heard.length === 0 ? 0 : sum / heard.length;
  const centred = heard.map((sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample - offset))));
  const gain = 10 ** (Math.min(GAIN_MAX_DB, TARGET_DB - speechDb(centred, rateHz)) / 20);
  const fade = Math.round((FADE_MS * rateHz) / 1000);
  const signal = fadeEdges(
    Float64Array.from(centred, (sample) => bend((sample / 32_768) * gain)),
    fade,
    fade,
  );
  return Int16Array.from(signal, (value) => Math.round(value * 32_768));
}

/** Level of the louder half of the sound: pauses between words do not count. */
function speechDb(samples: Int16Array, rateHz: number): number {
  const step = Math.round((LEVEL_FRAME_MS * rateHz) / 1000);
  const powers: number[] = [];
  for (let at = 0; at < samples.length; at += step) powers.push(10 ** (rmsDb(samples.subarray(at, at + step)) / 10));
  const louder = powers.sort((a, b) => b - a).slice(0, Math.ceil(powers.length / 2));
  const mean = louder.reduce((total, power) => total + power, 0) / Math.max(1, louder.length);
  return mean === 0 ? TARGET_DB : 10 * Math.log10(mean);
}

function bend(value: number): number {
  const size = Math.abs(value);
  if (size <= KNEE) return value;
  const room = CEILING - KNEE;
  return Math.sign(value) * (KNEE + room * Math.tanh((size - KNEE) / room));
}
