import { readdirSync } from 'node:fs';
import { anonymousMb } from '../helpers/memory.js';
import type { Heap, Scene } from './scene.js';

/** Turns of a device before its memory counts: caches and compiled code fill. */
export const WARM_UP_TURNS = 100;

/** How a device is at a moment in which it listens. */
export interface Vitals extends Heap {
  /** Turns that it has behind it. */
  turn: number;
  /** What belongs to the main process alone, from smaps_rollup. */
  ownBytes: number;
  /** Open files, sockets and pipes of the main process. */
  files: number;
  /** Processes below it. */
  children: number;
}

/** Looks at a device; `isThorough` as for `Scene.heap`. */
export async function vitalsOf(scene: Scene, turn: number, isThorough: boolean): Promise<Vitals> {
  const { pid } = scene.device;
  const ownBytes = anonymousMb(pid) * 2 ** 20;
  return {
    turn,
    ownBytes,
    ...(await scene.heap(isThorough)),
    files: readdirSync(`/proc/${pid}/fd`).length,
    children: scene.device.children().length,
  };
}

/** A straight line through points, by least squares. */
export interface Slope {
  /** Of y for each x. */
  slope: number;
  /**
   * The slope's standard error. Neighbours may scatter alike: the larger of the error for independent scatter and the one of
   * Newey and West (Econometrica 55, 1987) with a lag of the square root of the number of points.
   */
  error: number;
}

/** Fits a line. NaN for fewer than three points. */
export function fit(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  const mean = (of: (point: readonly [number, number]) => number) => points.reduce((sum, p) => sum + of(p), 0) / n;
  const meanX = mean(([x]) => x);
  const meanY = mean(([, y]) => y);
  const sxx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / sxx;
  if (n < 3) return { slope: Number.NaN, error: Number.NaN };
  const rests = points.map(([x, y]) => ({ x: x - meanX, rest: y - meanY - slope * (x - meanX) }));
  const independent = rests.reduce((sum, { rest }) => sum + rest ** 2, 0) / (n - 2) / sxx;
  const pulls = rests.map(({ x, rest }) => x * rest);
  const lag = Math.floor(Math.sqrt(n));
  let variance = 0;
  for (let by = 0; by <= lag; by++) {
    const product = pulls.slice(by).reduce((sum, pull, i) => sum + pull * (pulls[i] ?? 0), 0);
    variance += (by === 0 ? 1 : 2) * (1 - by / (lag + 1)) * product;
  }
  const neighbourly = ((variance / sxx ** 2) * n) / (n - 2);
  return { slope, error: Math.sqrt(Math.max(independent, neighbourly)) };
}
