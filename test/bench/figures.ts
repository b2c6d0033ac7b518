import { appendFileSync } from 'node:fs';

/** A figure of a bench: what was measured how often. */
export interface Figure {
  /** The bench, as `npm run bench -- NAME` takes it. */
  bench: string;
  what: string;
  /** What it was measured of, such as `arecord and aplay`. */
  of: string;
  /** Such as `ms`, `% of a core`, `MB`. */
  unit: string;
  values: readonly number[];
}

/** Figures and more of them are kept here, a JSON object a line, for `main.ts`; unset where a bench runs alone. */
export const FIGURES_FILE = 'BENCH_FIGURES';

/** Prints a figure, and hands it to the table of all benches. */
export function report(figure: Figure): void {
  const { what, of, unit, values } = figure;
  process.stdout.write(`  ${of}: ${what}: ${spreadOf(values, unit)}\n`);
  const file = process.env[FIGURES_FILE];
  if (file) appendFileSync(file, `${JSON.stringify(figure)}\n`);
}

/** The least value that this part of the values does not exceed (nearest rank); NaN where there are none. */
export function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * part) - 1)] ?? Number.NaN;
}

/** A number as precise as a person wants it. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);
}

function spreadOf(values: readonly number[], unit: string): string {
  if (values.length === 1) return `${rounded(values[0] ?? Number.NaN)} ${unit}`;
  const [least, median, p95, p99, most] = [0, 0.5, 0.95, 0.99, 1].map((part) => rounded(quantile(values, part)));
  const rare = values.length >= 100 ? `, p99 ${p99}` : '';
  return `median ${median} ${unit}, p95 ${p95}${rare}, ${least} to ${most} (${values.length} times)`;
}
