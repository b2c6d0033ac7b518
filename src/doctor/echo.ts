import { fadeEdges, toSamples } from '../cues/shape.js';

const LOWEST_HZ = 300;
const HIGHEST_HZ = 1_500;
const SWEEP_MS = 600;
const FADE_SHARE = 0.05;
const PEAK_DB = -12;
/** The best of some thousand places in mere noise is about 6 times the usual one; a sweep that was heard is far above. */
const DISTINCT = 10;
const THINNING = 4;

/** The tone of the doctor: a sweep, whose place in a recording can be told to a sample. */
export function sweep(rateHz: number): Int16Array {
  const length = Math.round((rateHz * SWEEP_MS) / 1000);
  const seconds = length / rateHz;
  // A linear chirp: the phase is the integral of the rising frequency.
  const signal = new Float64Array(length).map((_, i) => {
    const t = i / rateHz;
    return Math.sin(2 * Math.PI * (LOWEST_HZ * t + ((HIGHEST_HZ - LOWEST_HZ) * t * t) / (2 * seconds)));
  });
  return toSamples(fadeEdges(signal, length * FADE_SHARE, length * FADE_SHARE), PEAK_DB);
}

/** Where in a recording a sound begins, in samples, to a quarter of a millisecond; undefined when it is not in it. */
export function findIn(recording: Int16Array, sound: Int16Array): number | undefined {
  const heard = thinned(recording);
  const wanted = thinned(sound);
  const places = heard.length - wanted.length + 1;
  if (places <= 0) return undefined;
  // Cross-correlation: how much the recording resembles the sound at each place.
  const strengths = new Float64Array(places).map((_, place) => {
    let sum = 0;
    for (let i = 0; i < wanted.length; i++) sum += (heard[place + i] ?? 0) * (wanted[i] ?? 0);
    return Math.abs(sum);
  });
  const strongest = Math.max(...strengths);
  const usual = strengths.toSorted()[places >> 1] ?? 0;
  return strongest > DISTINCT * Math.max(usual, 1) ? strengths.indexOf(strongest) * THINNING : undefined;
}

/** The sum of each few samples: a sixteenth of the work, and the sweep lies well below what is lost. */
function thinned(samples: Int16Array): Float64Array {
  return new Float64Array(Math.floor(samples.length / THINNING)).map((_, i) => {
    let sum = 0;
    for (let k = 0; k < THINNING; k++) sum += samples[i * THINNING + k] ?? 0;
    return sum;
  });
}
