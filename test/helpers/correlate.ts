import { crossCorrelation } from './fft.js';

/** Where a sound was found in another. */
export interface Match {
  /** The sample of the haystack at which the needle begins; negative where its beginning is cut off. */
  offset: number;
  /** Normalised correlation there: 1 for the same sound at any volume, 0 for nothing alike. */
  correlation: number;
}

/** How a received sound differs from its reference. */
export interface Alignment extends Match {
  /** Samples of the reference that were not received. */
  missing: number;
  /** Samples received that the reference does not have there: repeats and insertions. */
  doubled: number;
  /** Samples of windows that are unlike the reference although nothing is missing or doubled there. */
  damaged: number;
}

/** How `align` looks at a sound. */
export interface AlignOptions {
  /** Length of a window in samples. @default 800 */
  window?: number;
  /** The longest cut or repeat that is looked for, in samples. @default 32000 */
  reach?: number;
  /** A window correlating less than this is damaged. @default 0.98 */
  alike?: number;
}

// A jump must be better by this much: windows of one low tone look alike at neighbouring offsets.
const MARGIN = 1e-4;
const NEAR_SAMPLES = 8;

/** Finds `needle` in `haystack` by normalised cross-correlation over every offset at which they overlap. */
export function find(needle: Int16Array, haystack: Int16Array): Match {
  const best: Match = { offset: 0, correlation: 0 };
  const energy = energyOf(needle, 0, needle.length);
  if (energy === 0 || haystack.length === 0) return best;
  const products = crossCorrelation(needle, haystack);
  const sums = new Float64Array(haystack.length + 1);
  for (let i = 0; i < haystack.length; i++) sums[i + 1] = (sums[i] ?? 0) + (haystack[i] ?? 0) ** 2;
  for (let k = 0; k < products.length; k++) {
    const offset = k - needle.length + 1;
    const from = Math.max(0, offset);
    const to = Math.min(haystack.length, offset + needle.length);
    const heard = (sums[to] ?? 0) - (sums[from] ?? 0);
    // Rounding errors of the transform look like anything next to silence.
    if (heard < energy * 1e-6) continue;
    const correlation = (products[k] ?? 0) / Math.sqrt(energy * heard);
    if (correlation > best.correlation) {
      best.offset = offset;
      best.correlation = correlation;
    }
  }
  return best;
}

/**
 * Lays `received` along `reference` window by window: wherever the reference has energy, the offset must stay the
 * same. Finds cuts and repeats to the sample, at any volume. A sound that repeats itself (a tone) cannot be aligned.
 */
export function align(reference: Int16Array, received: Int16Array, options: AlignOptions = {}): Alignment {
  const { window = 800, reach = 32_000, alike = 0.98 } = options;
  const floor = Math.max(4, 0.01 * Math.sqrt(energyOf(reference, 0, reference.length) / Math.max(1, reference.length)));
  let { offset } = find(reference, received);
  const windows: { from: number; to: number; offset: number; isAlike: boolean }[] = [];
  for (let from = 0; from < reference.length; from += window) {
    const to = Math.min(reference.length, from + window);
    if (Math.sqrt(energyOf(reference, from, to) / (to - from)) < floor) continue;
    const match = follow(reference.subarray(from, to), from, received, offset, reach, alike);
    if (match.correlation >= alike) offset = match.offset;
    windows.push({ from, to, offset, isAlike: match.correlation >= alike });
  }
  const first = windows.findIndex((entry) => entry.isAlike);
  const last = windows.findLastIndex((entry) => entry.isAlike);
  const head = windows[first];
  const tail = windows[last];
  if (!head || !tail) return { offset, correlation: 0, missing: reference.length, doubled: 0, damaged: 0 };

  const result: Alignment = { offset: head.offset, correlation: 0, missing: 0, doubled: 0, damaged: 0 };
  let before = head;
  let unlike = 0;
  for (const entry of windows.slice(first, last + 1)) {
    if (!entry.isAlike) {
      unlike += entry.to - entry.from;
      continue;
    }
    const jump = entry.offset - before.offset;
    if (jump < 0) result.missing -= jump;
    else if (jump > 0) result.doubled += jump;
    // A jump explains the window it lies in, and windows that were cut out altogether.
    result.damaged += jump === 0 ? unlike : Math.max(0, unlike - window - Math.abs(jump));
    unlike = 0;
    before = entry;
  }
  for (const entry of windows.slice(0, first)) entry.offset = head.offset;
  const gain = gainOf(reference, received, head);
  result.missing += lostAtStart(reference, received, head, gain, floor);
  result.missing += lostAtEnd(reference, received, tail, gain, floor);
  result.correlation = overall(reference, received, windows);
  return result;
}

/** Where a window of the reference went: near its predecessor's offset, else anywhere within reach. */
function follow(
  needle: Int16Array,
  from: number,
  received: Int16Array,
  offset: number,
  reach: number,
  alike: number,
): Match {
  let best: Match = { offset, correlation: correlationAt(needle, received, from + offset) };
  for (let step = -NEAR_SAMPLES; step <= NEAR_SAMPLES; step++) {
    const correlation = correlationAt(needle, received, from + offset + step);
    if (correlation > best.correlation + MARGIN) best = { offset: offset + step, correlation };
  }
  if (best.correlation >= alike) return best;
  const start = Math.max(0, from + offset - reach);
  const match = find(needle, received.subarray(start, from + offset + needle.length + reach));
  return match.correlation > best.correlation + MARGIN
    ? { offset: start + match.offset - from, correlation: match.correlation }
    : best;
}

function correlationAt(needle: Int16Array, haystack: Int16Array, at: number): number {
  let [product, needleEnergy, heard] = [0, 0, 0];
  for (let i = 0; i < needle.length; i++) {
    const a = needle[i] ?? 0;
    const b = haystack[at + i] ?? 0;
    product += a * b;
    needleEnergy += a * a;
    heard += b * b;
  }
  return heard === 0 || needleEnergy === 0 ? 0 : product / Math.sqrt(needleEnergy * heard);
}

interface Placed {
  from: number;
  to: number;
  offset: number;
}

/** How much louder the received window is. */
function gainOf(reference: Int16Array, received: Int16Array, { from, to, offset }: Placed): number {
  const heard = energyOf(received, Math.max(0, from + offset), to + offset);
  return Math.sqrt(heard / energyOf(reference, from, to));
}

function isSame(reference: Int16Array, received: Int16Array, at: number, offset: number, gain: number): boolean {
  const expected = (reference[at] ?? 0) * gain;
  return Math.abs((received[at + offset] ?? 0) - expected) <= 2 + 0.05 * Math.abs(expected);
}

/** Samples between the first that matters and the place where the received sound sets in. */
function lostAtStart(ref: Int16Array, received: Int16Array, head: Placed, gain: number, floor: number): number {
  let reached = head.from;
  while (reached > 0 && isSame(ref, received, reached - 1, head.offset, gain)) reached--;
  const needed = ref.findIndex((sample) => Math.abs(sample) > floor);
  return Math.max(0, reached - needed);
}

function lostAtEnd(ref: Int16Array, received: Int16Array, tail: Placed, gain: number, floor: number): number {
  let reached = tail.to;
  while (reached < ref.length && isSame(ref, received, reached, tail.offset, gain)) reached++;
  const needed = ref.findLastIndex((sample) => Math.abs(sample) > floor) + 1;
  return Math.max(0, needed - reached);
}

/** The correlation of all windows together, each where it was found. */
function overall(reference: Int16Array, received: Int16Array, windows: readonly Placed[]): number {
  let [product, sent, heard] = [0, 0, 0];
  for (const { from, to, offset } of windows) {
    for (let i = from; i < to; i++) {
      const a = reference[i] ?? 0;
      const b = received[i + offset] ?? 0;
      product += a * b;
      sent += a * a;
      heard += b * b;
    }
  }
  return heard === 0 ? 0 : product / Math.sqrt(sent * heard);
}

function energyOf(samples: Int16Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += (samples[i] ?? 0) ** 2;
  return sum;
}
