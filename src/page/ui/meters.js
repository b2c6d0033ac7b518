import { byId, thresholdText } from './words.js';

/** @typedef {import('../messages.js').MeterFrame} MeterFrame */
/** @typedef {import('../messages.js').Scale} Scale */

const WINDOW_MS = 60_000;
const LEFT = 42;
const QUIET_DB = -90;
/** The lowest threshold of PocketSphinx that is of any use, in powers of ten. */
const DECADES = 50;
/** Longer than this between two readings is a gap. */
const GAP_MS = 500;

/**
 * How high a score or a threshold stands in its chart, 0 to 1.
 * @param {number} value
 * @param {Scale} scale
 */
export function heightOf(value, scale) {
  const height = scale === 'log' ? 1 + Math.log10(Math.max(value, 1e-300)) / DECADES : value;
  return Math.min(1, Math.max(0, height));
}

/**
 * The value at a height; the inverse of `heightOf`, rounded as a person would.
 * @param {number} height
 * @param {Scale} scale
 */
export function valueAt(height, scale) {
  const inside = Math.min(1, Math.max(0, height));
  if (scale === 'log') return Number(`1e${Math.round((inside - 1) * DECADES)}`);
  return Math.max(0.01, Math.round(inside * 100) / 100);
}

/** The two charts of the last minute. Draws only when there is something new. */
export class Meters {
  /** @type {{ atMs: number, frame: MeterFrame }[]} */
  #frames = [];
  /** @type {Scale} */
  #scale = 'linear';
  #level = /** @type {HTMLCanvasElement} */ (byId('level'));
  #score = /** @type {HTMLCanvasElement} */ (byId('score'));
  #saysAtMs = 0;

  constructor() {
    const draw = () => this.#draw();
    new ResizeObserver(draw).observe(this.#level);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  }

  /** @param {Scale} scale */
  set scale(scale) {
    if (scale === this.#scale) return;
    this.#scale = scale;
    this.#frames = [];
    this.#draw();
  }

  /** @param {MeterFrame} frame */
  add(frame) {
    const nowMs = performance.now();
    this.#frames.push({ atMs: nowMs, frame });
    while ((this.#frames[0]?.atMs ?? nowMs) < nowMs - WINDOW_MS) this.#frames.shift();
    this.#say(frame, nowMs);
    this.#draw();
  }

  /**
   * @param {MeterFrame} frame
   * @param {number} nowMs
   */
  #say(frame, nowMs) {
    if (nowMs - this.#saysAtMs < 500) return;
    this.#saysAtMs = nowMs;
    byId('level-says').textContent = `${frame.rmsDb} dBFS, peak ${frame.peakDb}`;
    let best = { phrase: '', score: -1 };
    for (const { frame: each } of this.#frames) {
      for (const [phrase, { score }] of Object.entries(each.scores)) if (score > best.score) best = { phrase, score };
    }
    byId('score-says').textContent =
      best.phrase === '' ? 'nothing like it' : `best: “${best.phrase}” ${thresholdText(best.score, this.#scale)}`;
  }

  #draw() {
    const styles = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => styles.getPropertyValue(`--${name}`);
    this.#drawLevel(colour);
    this.#drawScore(colour);
  }

  /** @param {(name: string) => string} colour */
  #drawLevel(colour) {
    const pen = penOf(
      this.#level,
      colour,
      [0, -30, -60, QUIET_DB].map((db) => [1 - db / QUIET_DB, `${db}`]),
    );
    const toHeight = (/** @type {number} */ db) => Math.min(1, Math.max(0, 1 - db / QUIET_DB));
    this.#area(pen, colour('level-peak'), ({ peakDb }) => toHeight(peakDb));
    this.#area(pen, colour('level'), ({ rmsDb }) => toHeight(rmsDb));
  }

  /** @param {(name: string) => string} colour */
  #drawScore(colour) {
    /** @type {readonly (readonly [number, string])[]} */
    const marks =
      this.#scale === 'log'
        ? [0, -10, -20, -30, -40, -50].map((power) => [1 + power / DECADES, power === 0 ? '1' : `1e${power}`])
        : [1, 0.75, 0.5, 0.25, 0].map((value) => [value, String(value)]);
    const pen = penOf(this.#score, colour, marks);
    const best = (/** @type {MeterFrame} */ { scores }) =>
      Math.max(0, ...Object.values(scores).map(({ score }) => score));
    if (this.#scale === 'linear') this.#area(pen, colour('score'), (frame) => best(frame));
    pen.context.fillStyle = colour('score');
    for (const { atMs, frame } of this.#frames) {
      if (!Object.values(frame.scores).some(({ isHeard }) => isHeard)) continue;
      pen.context.beginPath();
      pen.context.arc(this.#x(pen, atMs), pen.y(heightOf(best(frame), this.#scale)), 5, 0, 2 * Math.PI);
      pen.context.fill();
    }
  }

  /**
   * @param {ReturnType<typeof penOf>} pen
   * @param {number} atMs
   */
  #x(pen, atMs) {
    const newestMs = this.#frames.at(-1)?.atMs ?? 0;
    return pen.width - ((newestMs - atMs) / WINDOW_MS) * (pen.width - LEFT);
  }

  /**
   * @param {ReturnType<typeof penOf>} pen
   * @param {string} fill
   * @param {(frame: MeterFrame) => number} heightAt
   */
  #area(pen, fill, heightAt) {
    pen.context.fillStyle = fill;
    const bottom = pen.y(0);
    for (let i = 0; i < this.#frames.length; i++) {
      const one = this.#frames[i];
      if (!one) continue;
      const next = this.#frames[i + 1];
      const endMs = next ? Math.min(next.atMs, one.atMs + GAP_MS) : one.atMs + 100;
      const x = this.#x(pen, one.atMs);
      const top = pen.y(heightAt(one.frame));
      pen.context.fillRect(x, top, Math.max(1, this.#x(pen, endMs) - x + 0.5), bottom - top);
    }
  }
}

/**
 * A canvas as sharp as its screen, emptied, with the lines of its scale.
 * @param {HTMLCanvasElement} canvas
 * @param {(name: string) => string} colour
 * @param {readonly (readonly [number, string])[]} marks
 */
function penOf(canvas, colour, marks) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser draws no canvas');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const y = (/** @type {number} */ share) => 8 + (1 - share) * (height - 16);
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const [share, label] of marks) {
    context.fillStyle = colour('grid');
    context.fillRect(LEFT, y(share) - 0.5, width - LEFT, 1);
    context.fillStyle = colour('soft');
    context.fillText(label, LEFT - 5, y(share));
  }
  return { context, width, y };
}
