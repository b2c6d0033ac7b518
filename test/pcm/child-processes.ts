import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { descendants, processes, untilHolds, withVariable } from '../helpers/process-tree.js';
import { atProcessEnd, exitOf, startPiped, within } from '../helpers/processes.js';

const PARENT = fileURLToPath(new URL('./parent.js', import.meta.url));
const LIMIT_MS = 10_000;

/** The children of this process whose command line has `command` in it. */
export function childrenNamed(command: string): number[] {
  return descendants(process.pid)
    .filter((child) => child.command.includes(command))
    .map(({ pid }) => pid);
}

/** True while the process lives. */
export function isAlive(pid: number): boolean {
  return processes().some((other) => other.pid === pid);
}

/**
 * Runs a client with nothing but this device, kills it with SIGKILL while the device works, and resolves with the
 * milliseconds until its child was gone too. Rejects when that takes over 10 s, and ends the child then.
 */
export async function orphanedForMs(
  kind: 'mic' | 'speaker',
  backend: string,
  device: string,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const marker = `TEST_PARENT_ID=${randomUUID()}`;
  const [name = '', value] = marker.split('=');
  const parent = await startPiped(process.execPath, [PARENT, kind, backend, device], { ...env, [name]: value });
  const endAll = () => {
    for (const { pid } of withVariable(marker)) process.kill(pid, 'SIGKILL');
  };
  const forget = atProcessEnd(endAll);
  try {
    await within(once(parent.stdout, 'data'), LIMIT_MS, () => `${kind} ${backend} of a process of its own`);
    parent.stdout.resume();
    assert.ok(descendants(parent.pid ?? 0).length > 0, 'it has no child');
    parent.kill('SIGKILL');
    await exitOf(parent);
    const killedAtMs = performance.now();
    const orphans = () => withVariable(marker).map(({ command }) => command);
    await untilHolds(
      () => orphans().length === 0,
      LIMIT_MS,
      () => `still there: ${orphans()}`,
    );
    return performance.now() - killedAtMs;
  } finally {
    endAll();
    forget();
  }
}
