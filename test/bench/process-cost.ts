import { readFileSync } from 'node:fs';
import { pssMb } from '../helpers/memory.js';
import { descendants } from '../helpers/process-tree.js';

const TICKS_A_SECOND = 100; // USER_HZ of every Linux that Node runs on

/** What processes cost over a time. */
export interface ProcessCost {
  /** CPU time, in % of a core. */
  corePercent: number;
  /** Proportional memory at its end, in MB. */
  pssMb: number;
  processes: number;
}

/** The cost of a process and all its children over a time. They must live that long. */
export async function costOver(pid: number, durationMs: number): Promise<ProcessCost> {
  const pids = [pid, ...descendants(pid).map((child) => child.pid)];
  const beforeS = cpuSecondsOf(pids);
  const fromMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const tookS = (performance.now() - fromMs) / 1000;
  return {
    corePercent: ((cpuSecondsOf(pids) - beforeS) / tookS) * 100,
    pssMb: memoryOf(pids),
    processes: pids.length,
  };
}

/** CPU time of processes so far, in seconds: to 10 ms each. */
function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  }, 0);
}

/** Proportional memory of processes, in MB. */
export function memoryOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + pssMb(pid), 0);
}
