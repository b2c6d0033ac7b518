import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { atProcessEnd, exitOf, hasExited, outputOf } from '../helpers/processes.js';
import type { VirtualSound } from '../helpers/virtual-sound.js';
import { Watch } from '../helpers/watch.js';

const END_GRACE_MS = 5_000;
const OPEN_LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 50;
const TAIL_LINES = 30;

/**
 * A folder whose `node` is a copy of this one: pages that a process shares with other programs of the machine would count
 * in part only, and its memory would depend on who else runs. Also an empty configuration file.
 */
export class Workplace {
  #folder = '';

  async open(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'tars-bench-'));
    const node = join(this.#folder, 'node');
    await copyFile(process.execPath, node);
    await chmod(node, 0o755);
    await writeFile(this.config, '');
  }

  get config(): string {
    return join(this.#folder, 'config.toml');
  }

  /** An environment in which `node` is the copy, without what configures the program here. */
  environment(base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const own = Object.entries(base).filter(([name]) => !name.startsWith('TARS_'));
    return { ...Object.fromEntries(own), PATH: `${this.#folder}${delimiter}${base.PATH ?? ''}` };
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Any client of the server as a process: a command of the shell, known by nothing but its sound and its connection. */
export class Client {
  /** What it printed last. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #watch = new Watch();
  readonly #forget: () => void;

  constructor(command: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn('sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#forget = atProcessEnd(() => this.#signal('SIGKILL'));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#note(line));
    }
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the client could not be started');
    return pid;
  }

  /** Resolves when a line of its output has this in it. */
  async says(text: string): Promise<void> {
    const what = () => `"${text}" from the client\n${this.lines.join('\n')}`;
    await this.#watch.for(() => this.lines.some((line) => line.includes(text)) || undefined, OPEN_LIMIT_MS, what);
  }

  /** Ends it and all that it started. */
  async stop(): Promise<void> {
    this.#signal('SIGTERM');
    const killer = setTimeout(() => this.#signal('SIGKILL'), END_GRACE_MS);
    await exitOf(this.#child);
    clearTimeout(killer);
    this.#signal('SIGKILL');
    this.#forget();
  }

  /** Throws when it has ended by itself. */
  check(): void {
    if (hasExited(this.#child)) throw new Error(`the client has ended\n${this.lines.join('\n')}`);
  }

  #note(line: string): void {
    this.lines.push(line);
    if (this.lines.length > TAIL_LINES) this.lines.shift();
    this.#watch.notify();
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** How many programs record from the sound server. */
export async function recorders({ env }: VirtualSound): Promise<number> {
  const text = await outputOf('pactl', ['list', 'short', 'source-outputs'], env);
  return text.split('\n').filter((line) => line !== '').length;
}

/** Resolves when the microphone has so many recorders. Rejects when the client ends, or after 20 s. */
export async function untilRecorded(sound: VirtualSound, count: number, client: Client): Promise<void> {
  const deadlineMs = performance.now() + OPEN_LIMIT_MS;
  while ((await recorders(sound)) < count) {
    client.check();
    if (performance.now() > deadlineMs) throw new Error(`the client opens no microphone\n${client.lines.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
