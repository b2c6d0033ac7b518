import { RATE_HZ } from './sound-tap.js';

/** Values that never repeat within 65,536 samples and jump where a sample is missing. */
const STEP = 7_919;

/** Sound that lasts so long: each sample tells its place, modulo 65,536. */
export function numbered(durationMs: number): Int16Array {
  const samples = new Int16Array((durationMs * RATE_HZ) / 1000);
  for (let i = 0; i < samples.length; i++) samples[i] = i * STEP;
  return samples;
}

/** True where no sample is missing. */
export function isUnbroken(samples: Int16Array): boolean {
  return samples.every((sample, i) => i === 0 || ((sample - (samples[i - 1] ?? 0)) & 0xffff) === STEP);
}

/** How long after a moment of the capture a sample was heard, in milliseconds; unique within 2 s either way. */
export function lagMs(sample: number, atMs: number): number {
  // The inverse of STEP modulo 65,536 leads from a value to its place.
  const place = Math.imul(sample & 0xffff, INVERSE) & 0xffff;
  const due = Math.round((atMs * RATE_HZ) / 1000) & 0xffff;
  return (((place - due + 0x18000) & 0xffff) - 0x8000) / (RATE_HZ / 1000);
}

const INVERSE = inverseOf(STEP);

function inverseOf(odd: number): number {
  let inverse = odd;
  // Newton's iteration doubles the right bits each time.
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse & 0xffff;
}
