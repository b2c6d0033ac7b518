import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MemoryLimit } from './memory-limit.js';
import { atProcessEnd, exitOf, missingPrograms } from './processes.js';
import { ServiceManager } from './service-manager.js';

const KINDS = ['--mount', '--pid', '--ipc', '--uts', '--cgroup'];
const UNSHARE = [...KINDS, '--mount-proc', '--fork', '--kill-child=KILL'];
const START_LIMIT_MS = 120_000;

/** Why systemd cannot be process 1 of namespaces here; false where it can. */
export function whyNoNamespaces(): string | false {
  if (process.getuid?.() !== 0) return 'systemd in namespaces of its own needs root';
  const missing = missingPrograms(['unshare', 'nsenter', 'setpriv']);
  if (missing.length > 0) return `${missing.join(', ')} not here: apt-get install util-linux`;
  if (unifiedGroups() === undefined) return 'the unified control groups are not mounted here';
  const trial = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs tmpfs /opt && mknod /opt/kmsg c 1 11';
  const { status, stderr } = spawnSync('unshare', [...UNSHARE, 'sh', '-c', trial], { encoding: 'utf8' });
  return status === 0 ? false : `no namespaces for systemd here: ${stderr.trim()}`;
}

/** Namespaces and control groups of their own, in which a script becomes systemd as process 1. */
export class Namespaces {
  /** What the script said before it became systemd. */
  readonly errors: string[] = [];
  readonly #limit: MemoryLimit | undefined;
  readonly #groups: string;
  readonly #manager = new ServiceManager();
  #child: ChildProcess | undefined;
  #forget = () => {};

  /** @param limit for all that runs inside; it goes away with them. */
  constructor(limit?: MemoryLimit) {
    this.#limit = limit;
    const unified = unifiedGroups() ?? '';
    const limited = limit && dirname(limit.door);
    this.#groups = limited?.startsWith(`${unified}/`) ? limited : join(unified, `tars-systemd-${process.pid}`);
  }

  /** A command line that continues inside, outside of every sandbox there. */
  get way(): string[] {
    const pid = this.#child?.pid;
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return ['nsenter', '--target', first, ...KINDS, '--root', '--wd'];
  }

  /** Resolves when the systemd that the script becomes has started its first units. */
  async start(script: string, ...args: readonly string[]): Promise<void> {
    await this.#manager.start();
    const doors = this.#limit ? [this.#limit.door] : [];
    if (!existsSync(this.#groups)) {
      mkdirSync(this.#groups);
      doors.push(join(this.#groups, 'cgroup.procs'));
    }
    const enter = doors.map((door) => `echo $$ >${door}`).join(' && ');
    const unshare = ['--pdeathsig', 'KILL', 'unshare', ...UNSHARE, 'sh', script, ...args];
    const child = spawn('sh', ['-c', `${enter} && exec setpriv "$@"`, 'sh', ...unshare], {
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...this.#manager.variables },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#forget = atProcessEnd(() => child.kill('SIGKILL'));
    createInterface({ input: child.stderr }).on('line', (line) => this.errors.push(line));
    const ended = exitOf(child).then(() => Promise.reject(new Error(this.errors.join('\n'))));
    // To whom it contains systemd says that it is READY, as a service does.
    await Promise.race([this.#manager.next('READY', /^1$/, { timeoutMs: START_LIMIT_MS }), ended]);
  }

  /** Ends everything inside. May be called twice. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#forget();
    await this.#manager.stop();
    if (!child) return;
    child.kill('SIGKILL');
    await exitOf(child);
    await this.#removeGroups();
  }

  /** The kernel lets go of a group a moment after its last process. */
  async #removeGroups(): Promise<void> {
    const isLimited = this.#limit !== undefined && this.#groups === dirname(this.#limit.door);
    for (let round = 0; ; round++) {
      try {
        removeBelow(this.#groups);
        if (!isLimited) rmdirSync(this.#groups);
        this.#limit?.[Symbol.dispose]();
        return;
      } catch (error) {
        if (round === 100) throw error;
        await new Promise((done) => setTimeout(done, 20));
      }
    }
  }
}

function unifiedGroups(): string | undefined {
  return /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
}

function removeBelow(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    removeBelow(join(folder, entry.name));
    rmdirSync(join(folder, entry.name));
  }
}
