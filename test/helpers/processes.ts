import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Rejects with an error that names `what` unless `promise` settles within `timeoutMs`. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what()}: not within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

const leftAtEnd = new Set<() => void>();

/**
 * Calls `end` should this process end before the returned function is called, also when a signal ends it: a test that
 * is cut off leaves no process behind.
 */
export function atProcessEnd(end: () => void): () => void {
  if (!process.listeners('exit').includes(endAll)) {
    process.on('exit', endAll);
    for (const [signal, number] of [
      ['SIGINT', 2],
      ['SIGTERM', 15],
    ] as const) {
      process.once(signal, () => process.exit(128 + number));
    }
  }
  leftAtEnd.add(end);
  return () => {
    leftAtEnd.delete(end);
  };
}

function endAll(): void {
  for (const end of leftAtEnd) end();
}

/** True once the process has ended. */
export function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Waits for a child's end; resolves at once where it has ended already. */
export async function exitOf(child: ChildProcess): Promise<void> {
  if (!hasExited(child)) await once(child, 'exit');
}

/** Sends `signal`, waits `graceMs`, then kills. Resolves when the process is gone; harmless on one that is. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM', graceMs = 2000) {
  if (hasExited(child) || child.pid === undefined) return;
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exitOf(child);
  clearTimeout(killer);
}

/** What a short command printed on stdout. Rejects with what it printed on stderr when it fails or takes over 5 s. */
export function outputOf(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { env, timeout: 5000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${error.message} ${stderr}`));
      else resolve(stdout);
    });
  });
}

/** Starts a child whose stdin and stdout are pipes; rejects where the program cannot be run. */
export async function startPiped(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(command, [...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  // The reader may end first; the exit tells.
  child.stdin.on('error', () => {});
  await once(child, 'spawn');
  return child;
}

/** The programs of `names` that are not on the PATH. */
export function missingPrograms(names: readonly string[]): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
}
