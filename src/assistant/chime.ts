import { fadeEdges, toSamples } from '../cues/shape.js';

/** One vowel of the chime. */
interface Vowel {
  durationMs: number;
  /** The first three resonances of the mouth, in hertz (Peterson and Barney 1952, rounded). */
  formantsHz: readonly [number, number, number];
  /** The voice's pitch at its begin and at its end. */
  pitchHz: readonly [number, number];
}

/** "oh-ah-ee", rising: a voice that has an answer. */
const VOWELS: readonly Vowel[] = [
  { durationMs: 150, formantsHz: [500, 900, 2500], pitchHz: [165, 175] },
  { durationMs: 150, formantsHz: [730, 1150, 2500], pitchHz: [196, 208] },
  { durationMs: 200, formantsHz: [300, 2250, 2950], pitchHz: [247, 240] },
];
const GAP_MS = 25;
const FORMANT_GAINS: readonly [number, number, number] = [1, 0.5, 0.25];
const BANDWIDTHS_HZ: readonly [number, number, number] = [80, 110, 160];
/** A voice has little above it, and small loudspeakers hiss there. */
const BANDWIDTH_HZ = 4000;
const ATTACK_MS = 30;
const RELEASE_MS = 60;
const PEAK_DB = -9;

/** Makes the short sound like a voice that stands before every reply: mono 16-bit samples at `rateHz`, at most 600 ms. */
export function synthesiseChime(rateHz: number): Int16Array {
  const gap = new Float64Array(samplesOfMs(GAP_MS, rateHz));
  const parts = VOWELS.flatMap((vowel, index) => (index === 0 ? [sing(vowel, rateHz)] : [gap, sing(vowel, rateHz)]));
  return toSamples(Float64Array.from(parts.flatMap((part) => [...part])), PEAK_DB);
}

/** The harmonics of a gliding pitch, each as loud as the mouth lets it out. */
function sing({ durationMs, formantsHz, pitchHz }: Vowel, rateHz: number): Float64Array {
  const sound = new Float64Array(samplesOfMs(durationMs, rateHz));
  const [from, to] = pitchHz;
  const harmonics = Math.floor(Math.min(BANDWIDTH_HZ, rateHz / 2) / Math.max(from, to));
  let phase = 0;
  sound.forEach((_, i) => {
    const hz = from + ((to - from) * i) / sound.length;
    phase += (2 * Math.PI * hz) / rateHz;
    let value = 0;
    // The larynx alone loses about 6 dB an octave as it is heard at the lips.
    for (let k = 1; k <= harmonics; k++) value += (Math.sin(k * phase) * mouthGain(k * hz, formantsHz)) / k;
    sound[i] = value;
  });
  return fadeEdges(sound, samplesOfMs(ATTACK_MS, rateHz), samplesOfMs(RELEASE_MS, rateHz));
}

function mouthGain(hz: number, [first, second, third]: Vowel['formantsHz']): number {
  const resonance = (formantHz: number, at: 0 | 1 | 2) =>
    FORMANT_GAINS[at] / (1 + ((hz - formantHz) / BANDWIDTHS_HZ[at]) ** 2);
  return 0.02 + resonance(first, 0) + resonance(second, 1) + resonance(third, 2);
}

function samplesOfMs(durationMs: number, rateHz: number): number {
  return Math.floor((durationMs * rateHz) / 1000);
}
