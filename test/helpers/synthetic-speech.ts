import { rmsDb } from '../../src/pcm/level.js';
import { RATE_HZ } from './sound-tap.js';

const SYLLABLE_MS = 180;
const GAP_MS = 60;
const PITCH_HZ = 120;

/**
 * Syllables with gaps between them, as energy sees speech: `levelDb` dBFS RMS over the whole. The first and the last
 * sample belong to a syllable.
 */
export function speechLike(durationMs: number, levelDb: number): Int16Array {
  const samples = new Int16Array(Math.round((durationMs * RATE_HZ) / 1000));
  for (let i = 0; i < samples.length; i++) {
    const ms = ((i * 1000) / RATE_HZ) % (SYLLABLE_MS + GAP_MS);
    if (ms >= SYLLABLE_MS) continue;
    const envelope = 0.2 + 0.8 * Math.sin((Math.PI * ms) / SYLLABLE_MS);
    let value = 0;
    for (let k = 1; k <= 12; k++) value += Math.sin((2 * Math.PI * PITCH_HZ * k * i) / RATE_HZ) / k;
    samples[i] = Math.round(4000 * envelope * value);
  }
  return atLevel(samples, levelDb);
}

/** White noise of `levelDb` dBFS RMS, the same for the same seed. */
export function whiteNoise(durationMs: number, levelDb: number, seed = 1): Int16Array {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const samples = new Int16Array(Math.round((durationMs * RATE_HZ) / 1000));
  // Summed up, even numbers become nearly normal ones.
  return atLevel(
    samples.map(() => Math.round(8000 * (uniform() + uniform() + uniform() + uniform()))),
    levelDb,
  );
}

/** The samples of both together, limited to 16 bit; as long as the longer. */
export function mix(one: Int16Array, other: Int16Array): Int16Array {
  const longer = one.length >= other.length ? one : other;
  return longer.map((_, i) => Math.max(-32_768, Math.min(32_767, (one[i] ?? 0) + (other[i] ?? 0))));
}

function atLevel(samples: Int16Array, levelDb: number): Int16Array {
  const gain = 10 ** ((levelDb - rmsDb(samples)) / 20);
  return samples.map((sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * gain))));
}
