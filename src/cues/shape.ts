/**
 * Fades a signal in and out along half a cosine, in place, so that neither end clicks. Fades that would overlap are
 * shortened to half of the signal.
 *
 * @param attack samples of the fade-in.
 * @param release samples of the fade-out.
 */
export function fadeEdges(signal: Float64Array, attack: number, release: number): Float64Array {
  const half = signal.length / 2;
  fade(signal, Math.min(attack, half), (i) => i);
  fade(signal, Math.min(release, half), (i) => signal.length - 1 - i);
  return signal;
}

function fade(signal: Float64Array, samples: number, at: (i: number) => number): void {
  for (let i = 0; i < samples; i++) {
    const gain = 0.5 - 0.5 * Math.cos((Math.PI * i) / samples);
    signal[at(i)] = (signal[at(i)] ?? 0) * gain;
  }
}

/** 16-bit samples of a signal whose largest value becomes `peakDb` (in dBFS, below 0). A silent signal stays silent. */
export function toSamples(signal: Float64Array, peakDb: number): Int16Array {
  let peak = 0;
  for (const value of signal) peak = Math.max(peak, Math.abs(value));
  const gain = peak === 0 ? 0 : (10 ** (peakDb / 20) * 32_767) / peak;
  return Int16Array.from(signal, (value) => Math.round(value * gain));
}
