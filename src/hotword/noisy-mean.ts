/** How the front end of the English model makes cepstra: 25 bands, an orthonormal cosine transform, a lifter of 22. */
const BANDS = 25;
const LIFTER = 22;
/**
 * How far the logarithm of a band's power strays from its mean in speech, as a standard deviation: measured by what
 * is heard in noise, 2 to 5 do about equally well.
 */
const DEVIATION = 3.5;
/** The normal distribution in steps of a quarter, up to three deviations. */
const STEPS = Array.from({ length: 25 }, (_, i) => (i - 12) / 4);
const WEIGHTS = STEPS.map((step) => Math.exp((-step * step) / 2));
const TOTAL_WEIGHT = WEIGHTS.reduce((sum, weight) => sum + weight, 0);

/**
 * The mean of the cepstra of speech in noise, from that of clean speech and that of the noise: powers add up in each
 * band, and what is weaker than the noise is filled up by it (parallel model combination of Gales and Young, 1993, for
 * the static mean, with a log-normal distribution of speech). Noise far below the speech changes nothing.
 */
export function noisyMean(clean: Float32Array, noise: Float32Array): Float32Array {
  const rises = Float64Array.from({ length: BANDS }, (_, band) => {
    const above = bandOf(noise, band) - bandOf(clean, band);
    const sum = STEPS.reduce((acc, step, i) => acc + (WEIGHTS[i] ?? 0) * softPlus(above - DEVIATION * step), 0);
    return sum / TOTAL_WEIGHT;
  });
  return clean.map((value, i) => {
    const rise = rises.reduce((sum, each, band) => sum + each * basis(i, band), 0);
    return value + rise * lifter(i);
  });
}

/** The mean logarithm of a band's power, as far as the cepstra kept tell. */
function bandOf(cepstrum: Float32Array, band: number): number {
  return cepstrum.reduce((sum, value, i) => sum + (value / lifter(i)) * basis(i, band), 0);
}

function basis(i: number, band: number): number {
  return Math.sqrt((i === 0 ? 1 : 2) / BANDS) * Math.cos((Math.PI / BANDS) * i * (band + 0.5));
}

function lifter(i: number): number {
  return 1 + (LIFTER / 2) * Math.sin((i * Math.PI) / LIFTER);
}

/** The logarithm of 1 + e^x. */
function softPlus(x: number): number {
  return Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
}
