/** Largest 16-bit sample. */
const FULL_SCALE = 32_767;
/** Below -3 dBFS nothing is changed. */
const KNEE = FULL_SCALE * 10 ** (-3 / 20);
const ROOM = FULL_SCALE - KNEE;

/**
 * A sample of any size within 16 bit: as it is below -3 dBFS, bent smoothly towards full scale above, so that a loud
 * voice neither wraps around nor is cut square. Keeps order and sign.
 */
export function softLimit(sample: number): number {
  const size = Math.abs(sample);
  if (size <= KNEE) return sample;
  return Math.sign(sample) * (KNEE + ROOM * Math.tanh((size - KNEE) / ROOM));
}
