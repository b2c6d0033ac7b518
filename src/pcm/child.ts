import { type ChildProcess, spawn } from 'node:child_process';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { AudioError, messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { leash } from './leash.js';
import { followLines } from './lines.js';

/** Exit code by which one of our own children says that its native package is not there or does not load. */
export const EXIT_UNAVAILABLE = 69; // EX_UNAVAILABLE of sysexits.h

/** How to start a child that carries raw PCM. */
export interface ChildSpec {
  /** Short name for log lines and messages, as `arecord`. */
  name: string;
  command: string;
  args: string[];
  /** Added to this process's environment. */
  env?: Record<string, string>;
  /** Lines that it prints without need: they are not told. */
  usual?: RegExp;
  /** A line by which it says that it does something else from now on: it is ended, and that was why. */
  astray?: RegExp;
  /**
   * Where the PCM goes: out of the child by `stdout` or `fd3` (for children whose libraries print on stdout), or into
   * it by `stdin`.
   */
  pcm: 'stdout' | 'fd3' | 'stdin';
  /** Opens Node's message channel to the child, which must then be a Node program. */
  messages?: boolean;
  /** What to install when the command does not exist. */
  remedy: string;
}

/** A process that is ended goes away at once, but for one whose driver hangs in the kernel. */
const ENDING_LIMIT_MS = 2000;

/** How a child ended. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** For a person: the child's last words where it had some, else its exit code or signal. */
  why: string;
}

/**
 * One life of a child process that carries raw PCM on a pipe. What it prints becomes debug log lines; whatever ends it
 * is one `exited`. It is never left behind: it dies by `kill`, or with this process.
 */
export class PcmChild {
  /** Resolves when the process is gone and its pipes are closed, or cannot be ended. Never rejects. */
  readonly exited: Promise<ChildExit>;
  readonly #process: ChildProcess | undefined;
  readonly #spec: ChildSpec;
  readonly #log: Log;
  #lastWords = '';
  #isGone = false;
  #endingLimit: NodeJS.Timeout | undefined;
  #giveUp: () => void = () => undefined;

  /**
   * Starts the child. A command that does not exist, and a system without a process or a file descriptor for it, are an
   * `exited` too: with the remedy, or what the system says, in its `why`.
   */
  constructor(spec: ChildSpec, log: Log) {
    this.#spec = spec;
    this.#log = log.child({ child: spec.name });
    try {
      this.#process = start(spec);
      this.exited = this.#watch(this.#process);
    } catch (error) {
      this.#isGone = true;
      this.exited = Promise.resolve({ code: null, signal: null, why: this.#startFailure(error) });
    }
  }

  /** The PCM that comes out of the child. */
  get output(): Readable {
    // Without a file descriptor for them there is no `stdio` at all.
    const stream = this.#spec.pcm === 'fd3' ? this.#process?.stdio?.[3] : this.#process?.stdout;
    return (stream as Readable | null | undefined) ?? noPipe();
  }

  /** Where PCM goes into the child. */
  get input(): Writable {
    return this.#process?.stdin ?? noPipe();
  }

  /** Resolves when the pipe into the child takes more, at once where it does already or is closed. */
  writable(): Promise<void> {
    const { input } = this;
    if (!input.writableNeedDrain || input.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        input.off('drain', finish);
        input.off('close', finish);
        resolve();
      };
      input.on('drain', finish);
      input.on('close', finish);
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Sends a message to a Node child; one that is going away does not get it, and its `exited` tells. */
  post(message: object): void {
    if (this.#process?.connected) this.#process.send(message, (error) => this.#noteLostMessage(error));
  }

  /** Calls `receive` for each message of a Node child. */
  onMessage(receive: (message: unknown) => void): void {
    this.#process?.on('message', receive);
  }

  /** Ends the child at once and waits until it is gone, at most 2 s: one that cannot be ended is given up. */
  async kill(): Promise<ChildExit> {
    if (!this.#isGone) {
      this.#process?.kill('SIGKILL');
      this.#endingLimit ??= setTimeout(() => this.#giveUp(), ENDING_LIMIT_MS);
    }
    return this.exited;
  }

  #watch(child: ChildProcess): Promise<ChildExit> {
    this.#follow(child.stderr);
    if (this.#spec.pcm !== 'stdout') this.#follow(child.stdout);
    // A pipe whose reader is gone gives EPIPE here; the exit of the child tells the same and more.
    child.stdin?.on('error', (error) => this.#log.debug({ err: error }, 'pipe to the child'));
    return new Promise((resolve) => {
      const finish = (exit: ChildExit) => {
        clearTimeout(this.#endingLimit);
        this.#isGone = true;
        this.#log.debug({ why: exit.why }, `${this.#spec.name} is gone`);
        resolve(exit);
      };
      this.#giveUp = () => {
        this.#log.error({ pid: child.pid }, `${this.#spec.name} cannot be ended; its device hangs`);
        // Neither what it may still hand on nor its pipes are to keep anything.
        for (const pipe of child.stdio) pipe?.destroy();
        finish({ code: null, signal: null, why: `${this.#spec.name} cannot be ended; its device hangs` });
      };
      child.on('error', (error) => {
        if (child.pid !== undefined) {
          this.#log.debug({ err: error }, 'child process');
          return;
        }
        finish({ code: null, signal: null, why: this.#startFailure(error) });
      });
      child.once('close', (code, signal) => finish({ code, signal, why: this.#describe(code, signal) }));
    });
  }

  #startFailure(error: unknown): string {
    const { name, command, remedy } = this.#spec;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return `${command} is not installed: ${remedy}`;
    return `${name} did not start: ${messageOf(error)}`;
  }

  #describe(code: number | null, signal: NodeJS.Signals | null): string {
    const end = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    return this.#lastWords ? `${this.#spec.name} ${end}: ${this.#lastWords}` : `${this.#spec.name} ${end}`;
  }

  #noteLostMessage(error: Error | null): void {
    if (error) this.#log.debug({ err: error }, 'message to the child');
  }

  #follow(stream: Readable | null): void {
    const { usual, astray } = this.#spec;
    followLines(stream, (line) => {
      if (usual?.test(line)) return;
      this.#lastWords = line;
      this.#log.debug({ line }, 'child says');
      if (astray?.test(line)) void this.kill();
    });
  }
}

function start({ command, args, env, pcm, messages }: ChildSpec): ChildProcess {
  const [program, all] = leash(command, args);
  return spawn(program, all, {
    env: { ...process.env, ...env },
    stdio: [
      pcm === 'stdin' ? 'pipe' : 'ignore',
      'pipe',
      'pipe',
      pcm === 'fd3' ? 'pipe' : 'ignore',
      ...(messages ? (['ipc'] as const) : []),
    ],
  });
}

/** In the place of a pipe of a child that did not start: takes nothing and gives nothing. */
function noPipe(): PassThrough {
  return new PassThrough().destroy();
}

/** An AudioError that says how a child ended. */
export function childError(exit: ChildExit): AudioError {
  return new AudioError(exit.why, { retryable: true });
}
