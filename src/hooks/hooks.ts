import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Journal, JournalEntry, Log } from '../log.js';
import { leash } from '../pcm/leash.js';
import { followLines } from '../pcm/lines.js';
import { pause } from '../pcm/supervisor.js';
import { hookEnvironment } from './hook-environment.js';

/** The values of `[hooks]`. */
export interface HookSettings {
  /** For an event's name, or `hotword.event:NAME`, a program and its arguments. */
  on: Readonly<Record<string, readonly string[]>>;
  timeoutMs: number;
  /** What comes while so many run is dropped. */
  atOnce: number;
}

/** Options of `Hooks`. */
export interface HooksOptions {
  journal: Journal;
  env: NodeJS.ProcessEnv;
  clock: Clock;
  log: Log;
}

/** When the device ends, what still runs may finish for so long: it may be the hook of that very end. */
const LAST_MS = 2_000;
/** The last words of a program that has ended are read within this. */
const PIPE_MS = 1_000;
/** What was killed is gone within this; what cannot be killed is left behind. */
const KILLED_MS = 500;
const LINES_PER_HOOK = 100;

/**
 * Runs a program of the user's for events of the journal. The device never waits for one: it is started without a shell,
 * is killed with what it has started when its time is over, and what it prints on stderr becomes debug lines.
 */
export class Hooks {
  readonly #options: HooksOptions;
  readonly #running = new Map<ChildProcess, Promise<void>>();
  #settings: HookSettings;
  #stopWatching: (() => void) | undefined;
  #dropped = 0;

  constructor(settings: HookSettings, options: HooksOptions) {
    this.#settings = settings;
    this.#options = options;
  }

  start(): void {
    this.#stopWatching = this.#options.journal.watch((entry) => this.#note(entry));
  }

  /** Other settings from now on; what runs goes on. */
  configure(settings: HookSettings): void {
    this.#settings = settings;
  }

  /** Starts no more, and resolves when none runs: after 2.5 s at most. Never rejects. May be called twice. */
  async close(): Promise<void> {
    this.#stopWatching?.();
    await this.#finished(LAST_MS);
    for (const child of this.#running.keys()) this.#kill(child);
    await this.#finished(KILLED_MS);
  }

  /** Resolves when none of those that run now does any more, or after so long. */
  async #finished(limitMs: number): Promise<void> {
    const over = new AbortController();
    void Promise.all(this.#running.values()).then(() => over.abort());
    await pause(limitMs, over.signal, this.#options.clock);
  }

  #note(entry: JournalEntry): void {
    const { on } = this.#settings;
    const names = [entry.event, ...(entry.event === 'hotword.event' ? [`hotword.event:${entry.fields.name}`] : [])];
    for (const name of names) {
      const [program, ...args] = (Object.hasOwn(on, name) ? on[name] : undefined) ?? [];
      if (program !== undefined) this.#run(name, program, args, entry);
    }
  }

  #run(hook: string, program: string, args: readonly string[], entry: JournalEntry): void {
    const { env, log } = this.#options;
    if (this.#running.size >= this.#settings.atOnce) {
      if (this.#dropped === 0) log.warn({ hook }, `${this.#running.size} hooks run already; what comes now is dropped`);
      this.#dropped += 1;
      return;
    }
    const [command, rest] = leash(program, args);
    // A group of its own: what a script has started ends with it.
    const options = { env: hookEnvironment(entry, env), cwd: '/', detached: true } as const;
    const child = spawn(command, rest, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#follow(child, hook);
    const ended = this.#ended(child, hook, program).then(() => {
      this.#running.delete(child);
      if (this.#dropped > 0) log.warn({ dropped: this.#dropped }, 'so many hooks were dropped');
      this.#dropped = 0;
    });
    this.#running.set(child, ended);
  }

  /** Resolves when the program has ended. Never rejects. */
  #ended(child: ChildProcess, hook: string, program: string): Promise<void> {
    const { clock, log } = this.#options;
    const { timeoutMs } = this.#settings;
    let isLate = false;
    const timer = clock.setTimeout(() => {
      isLate = this.#kill(child);
    }, timeoutMs);
    return new Promise((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        if (child.pid !== undefined) return;
        const why = error.code === 'ENOENT' ? `${program} is not there; give its whole path` : messageOf(error);
        log.warn({ hook, why }, 'a hook did not start');
        clock.clearTimeout(timer);
        resolve();
      });
      // Not 'close': what the program has left behind may keep the pipe open.
      child.once('exit', (code, signal) => {
        clock.clearTimeout(timer);
        if (isLate) log.warn({ hook, timeoutMs }, 'a hook took too long and was ended');
        else if (code !== 0) log.warn({ hook, code, signal }, 'a hook failed');
        this.#kill(child);
        // What left the group may hold the pipe for ever.
        clock.setTimeout(() => child.stderr?.destroy(), PIPE_MS);
        resolve();
      });
    });
  }

  #follow(child: ChildProcess, hook: string): void {
    let left = LINES_PER_HOOK;
    followLines(child.stderr, (line) => {
      if (left > 0) this.#options.log.debug({ hook, line }, 'hook says');
      left -= 1;
    });
  }

  /** Ends a program and whatever it has started in its group; false where the system forbids that. */
  #kill({ pid }: ChildProcess): boolean {
    if (pid === undefined) return true;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // The usual case: it ended by itself, and left nothing.
      if (Object(error).code === 'ESRCH') return true;
      // It became another user, as by sudo.
      this.#options.log.warn({ pid, why: messageOf(error) }, 'a hook cannot be ended; it is left to itself');
      return false;
    }
    return true;
  }
}
