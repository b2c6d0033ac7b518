import { readFileSync } from 'node:fs';

/** The proportional memory of a process in MB: shared pages count by the part of each who shares them. */
export function pssMb(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** Memory that belongs to a process alone, in MiB: without the pages of files, whose share depends on other processes. */
export function anonymousMb(pid: number): number {
  return Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
}
