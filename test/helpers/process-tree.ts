import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 10;

/** A process as /proc tells of it. */
export interface ProcessInfo {
  pid: number;
  parentPid: number;
  groupId: number;
  command: string;
}

/** Every living process of this machine; zombies are dead. */
export function processes(): ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? []);
}

/** The children of a process, and theirs. */
export function descendants(pid: number): ProcessInfo[] {
  const all = processes();
  const found: ProcessInfo[] = [];
  let parents = new Set([pid]);
  while (parents.size > 0) {
    const children = all.filter(({ parentPid }) => parents.has(parentPid));
    found.push(...children);
    parents = new Set(children.map((child) => child.pid));
  }
  return found;
}

/** The processes that carry this variable in the environment that they were started with. */
export function withVariable(assignment: string): ProcessInfo[] {
  return processes().filter(({ pid }) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(assignment);
    } catch {
      // Another user's process, or one that has just ended.
      return false;
    }
  });
}

/** The children of a process that are dead and that it has not taken notice of, by their ids. */
export function zombies(parentPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return state === 'Z' && Number(parent) === parentPid;
      } catch {
        // Ended while it was being read.
        return false;
      }
    });
}

function processOf(pid: number): ProcessInfo | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parentPid, groupId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parentPid: Number(parentPid), groupId: Number(groupId), command };
  } catch {
    // Ended while it was being read.
    return undefined;
  }
}

/**
 * Resolves when `holds` does. For what other processes do: the end of another process's child is no event here. Rejects
 * with what `why` says after `limitMs`.
 */
export async function untilHolds(holds: () => boolean, limitMs: number, why: () => string): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!holds()) {
    assert.ok(performance.now() < deadlineMs, why());
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
