import { readdirSync } from 'node:fs';
import { anonymousMb } from '../helpers/memory.js';
import type { Scene } from './scene.js';

/** How a device is at a moment in which it listens. */
export interface Vitals {
  /** Turns that it has behind it. */
  turn: number;
  /** What belongs to the main process alone, from smaps_rollup. */
  ownBytes: number;
  /** What the JavaScript heap of the main process holds after a collection. */
  heapBytes: number;
  /** Of the heap, without the code that V8 has compiled. */
  dataBytes: number;
  /** Open files, sockets and pipes of the main process. */
  files: number;
  /** Processes below it. */
  children: number;
}

/** Looks at a device. */
export async function vitalsOf(scene: Scene, turn: number): Promise<Vitals> {
  const { heapBytes, dataBytes } = await scene.heap();
  const { pid } = scene.device;
  return {
    turn,
    ownBytes: anonymousMb(pid) * 2 ** 20,
    heapBytes,
    dataBytes,
    files: readdirSync(`/proc/${pid}/fd`).length,
    children: scene.device.children().length,
  };
}

/** A straight line through points, by least squares. */
export interface Slope {
  /** Of y for each x. */
  slope: number;
  /** The slope's standard error, for scatter that is independent. */
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
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return n < 3 ? { slope: Number.NaN, error: Number.NaN } : { slope, error: Math.sqrt(rest / (n - 2) / sxx) };
}
