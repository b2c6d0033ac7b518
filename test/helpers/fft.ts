/** Transforms complex numbers in place; the length must be a power of two. The inverse is scaled by 1/n. */
function fft(real: Float64Array, imaginary: Float64Array, inverse = false): void {
  const n = real.length;
  reorder(real, imaginary);
  const direction = inverse ? 1 : -1;
  const cosines = new Float64Array(n / 2);
  const sines = new Float64Array(n / 2);
  for (let k = 0; k < n / 2; k++) {
    cosines[k] = Math.cos((2 * Math.PI * k) / n);
    sines[k] = direction * Math.sin((2 * Math.PI * k) / n);
  }
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (half * 2);
    for (let base = 0; base < n; base += half * 2) {
      for (let k = 0; k < half; k++) {
        const low = base + k;
        const high = low + half;
        const cosine = cosines[k * stride] ?? 0;
        const sine = sines[k * stride] ?? 0;
        const re = (real[high] ?? 0) * cosine - (imaginary[high] ?? 0) * sine;
        const im = (real[high] ?? 0) * sine + (imaginary[high] ?? 0) * cosine;
        real[high] = (real[low] ?? 0) - re;
        imaginary[high] = (imaginary[low] ?? 0) - im;
        real[low] = (real[low] ?? 0) + re;
        imaginary[low] = (imaginary[low] ?? 0) + im;
      }
    }
  }
  if (!inverse) return;
  for (let i = 0; i < n; i++) {
    real[i] = (real[i] ?? 0) / n;
    imaginary[i] = (imaginary[i] ?? 0) / n;
  }
}

function reorder(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    [real[i], real[j]] = [real[j] ?? 0, real[i] ?? 0];
    [imaginary[i], imaginary[j]] = [imaginary[j] ?? 0, imaginary[i] ?? 0];
  }
}

/** `Σ needle[i] · haystack[lag + i]` for every lag from `-(needle.length - 1)` to `haystack.length - 1`, in that order. */
export function crossCorrelation(needle: Int16Array, haystack: Int16Array): Float64Array {
  const lags = needle.length + haystack.length - 1;
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, lags)));
  // Both signals are real: one transform carries both, and symmetry takes them apart again.
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  re.set(haystack, needle.length - 1);
  im.set(needle);
  fft(re, im);
  const productRe = new Float64Array(size);
  const productIm = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    const mirror = (size - k) & (size - 1);
    const [a, b, c, d] = [re[k] ?? 0, im[k] ?? 0, re[mirror] ?? 0, im[mirror] ?? 0];
    const [hayRe, hayIm, needleRe, needleIm] = [(a + c) / 2, (b - d) / 2, (b + d) / 2, (c - a) / 2];
    productRe[k] = hayRe * needleRe + hayIm * needleIm;
    productIm[k] = hayIm * needleRe - hayRe * needleIm;
  }
  fft(productRe, productIm, true);
  return productRe.subarray(0, lags);
}
