import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { PROGRAM_VERSION } from '../../src/version.js';
import { type Figure, quantile, rounded } from './figures.js';

/** Where figures were measured. */
export interface Machine {
  processor: string;
  cores: number;
  memoryGb: number;
  system: string;
  /** What ran on it in the minute before, besides the bench. */
  loadBefore: number;
  versions: { node: string; program: string };
}

/** This machine. */
export function thisMachine(): Machine {
  const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  return {
    processor: `${cpus()[0]?.model ?? 'unknown'}, ${arch()}`,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${name}, Linux ${release()}`,
    loadBefore: loadavg()[0] ?? Number.NaN,
    versions: { node: process.version, program: PROGRAM_VERSION },
  };
}

/** All figures as one table in Markdown, with the machine that they are from. */
export function markdownOf(figures: readonly Figure[], machine: Machine): string {
  const { processor, cores, memoryGb, system, loadBefore, versions } = machine;
  const rows = figures.map(({ bench, what, of, unit, values }) => {
    const [median, p95] = [0.5, 0.95].map((part) => rounded(quantile(values, part)));
    return `| ${bench} | ${what} | ${of} | ${median} | ${p95} | ${unit} | ${values.length} |`;
  });
  return [
    `${processor}, ${cores} cores, ${memoryGb} GB; ${system}; Node ${versions.node}, tars-client ${versions.program}; load before ${loadBefore.toFixed(1)}`,
    '',
    '| bench | what | of | median | p95 | unit | times |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The same for programs. */
export function jsonOf(figures: readonly Figure[], machine: Machine): string {
  const entries = figures.map((figure) => ({
    ...figure,
    median: quantile(figure.values, 0.5),
    p95: quantile(figure.values, 0.95),
  }));
  return `${JSON.stringify({ machine, figures: entries }, undefined, 2)}\n`;
}
