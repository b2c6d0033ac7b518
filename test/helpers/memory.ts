import { readFileSync } from 'node:fs';

/** The proportional memory of a process in MB: shared pages count by the part of each who shares them. */
export function pssMb(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
}
