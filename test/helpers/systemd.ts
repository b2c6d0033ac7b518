import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { MemoryLimit, whyNoLimit } from './memory-limit.js';
import { atProcessEnd, exitOf, missingPrograms } from './processes.js';
import { ServiceManager } from './service-manager.js';
import type { VirtualSound } from './virtual-sound.js';
import { Watch } from './watch.js';

const SYSTEMD = '/lib/systemd/systemd';
const UNIT = 'tars-client.service';
const START_LIMIT_MS = 20_000;

/** Why systemd cannot run in namespaces of its own here; false where it can. */
export function whyNoSystemd(): string | false {
  if (process.getuid?.() !== 0) return 'systemd in namespaces of its own needs root';
  const missing = missingPrograms(['unshare', 'nsenter', 'setpriv', 'systemctl']);
  if (missing.length > 0 || !existsSync(SYSTEMD))
    return `systemd, ${missing.join(', ')} not here: apt-get install systemd`;
  const node = spawnSync('sh', ['-c', 'command -v node'], { env: { PATH: SERVICE_PATH }, encoding: 'utf8' }).stdout;
  if (node === '') return `a service finds no node in ${SERVICE_PATH}`;
  if (whyNoLimit()) return whyNoLimit();
  if (unifiedGroups() === undefined) return 'the unified control groups are not mounted here';
  const trial = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs tmpfs /opt && mknod /opt/kmsg c 1 11';
  const { status, stderr } = spawnSync('unshare', [...NAMESPACES, 'sh', '-c', trial], { encoding: 'utf8' });
  return status === 0 ? false : `no namespaces for systemd here: ${stderr.trim()}`;
}

/** As systemd has it where nothing else is set. */
const SERVICE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';
const NAMESPACES = ['--mount', '--pid', '--ipc', '--uts', '--cgroup', '--mount-proc', '--fork', '--kill-child=KILL'];

/** A line that the service wrote. */
export interface Journaled {
  event?: string;
  msg?: string;
  [field: string]: unknown;
}

/** Options of `startSystemd`. */
export interface SystemdOptions {
  sound: VirtualSound;
  /** The text of /etc/tars-client/config.toml. */
  config: string;
  /** Of root with mode 600 in /etc/tars-client/credentials. */
  secrets: Readonly<Record<string, string>>;
  /** For systemd and all that it starts, page cache included. */
  memoryMib: number;
}

/**
 * The real systemd as process 1 of namespaces of its own, with the project's unit, the built program of this checkout and a virtual
 * sound as ALSA's default devices. Everything but the network, the devices and files that nobody changes is its own, and goes with it.
 */
export class Systemd {
  /** The service's lines so far; one that is not JSON is a `msg`. */
  readonly lines: Journaled[] = [];
  /** What went wrong before systemd started. */
  readonly errors: string[] = [];
  readonly limit: MemoryLimit;
  readonly #options: SystemdOptions;
  readonly #watch = new Watch();
  readonly #journal: Server;
  readonly #groups: string;
  readonly #manager = new ServiceManager();
  #folder = '';
  #child: ChildProcess | undefined;
  #forget = () => {};

  constructor(options: SystemdOptions) {
    this.#options = options;
    this.limit = new MemoryLimit(options.memoryMib);
    const own = dirname(this.limit.door);
    const unified = unifiedGroups() ?? '';
    this.#groups = own.startsWith(`${unified}/`) ? own : join(unified, `tars-test-${process.pid}`);
    // Stands for journald: a connection begins with seven lines about whom it is of.
    this.#journal = createServer((socket) => {
      createInterface({ input: socket }).on('line', (line) => this.#read(line));
    });
  }

  /** Resolves when systemd has started; the service has not. */
  async start(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'tars-systemd-'));
    this.#folder = folder;
    await chmod(folder, 0o755);
    for (const each of ['etc', 'units', 'journal']) await mkdir(join(folder, each));
    await mkdir(join(folder, 'etc/credentials'), { mode: 0o700 });
    for (const [name, secret] of Object.entries(this.#options.secrets)) {
      await writeFile(join(folder, 'etc/credentials', name), secret, { mode: 0o600 });
    }
    await this.configure(this.#options.config);
    await writeFile(join(folder, 'asound.conf'), ASOUND_CONF);
    for (const target of ['sysinit', 'basic', 'shutdown']) {
      await writeFile(join(folder, 'units', `${target}.target`), '[Unit]\nDefaultDependencies=no\n');
    }
    await writeFile(join(folder, 'units', UNIT), readFileSync(resolve('systemd', UNIT)));
    await new Promise<void>((done) => this.#journal.listen(join(folder, 'journal/stdout'), done));
    await chmod(join(folder, 'journal/stdout'), 0o666);
    await this.#manager.start();
    await this.#boot();
  }

  /** Replaces /etc/tars-client/config.toml. */
  async configure(config: string): Promise<void> {
    await writeFile(join(this.#folder, 'etc/config.toml'), config);
  }

  /** As `systemctl edit` does: further lines of the unit's [Service], in the place of those of the last call. */
  async edit(lines: string): Promise<void> {
    await mkdir(join(this.#folder, `units/${UNIT}.d`), { recursive: true });
    await writeFile(join(this.#folder, `units/${UNIT}.d/test.conf`), `[Service]\n${lines}\n`);
    await this.systemctl('daemon-reload');
  }

  /** `systemctl VERB… tars-client.service`, as root. Rejects where it fails, with what it and process 1 printed. */
  systemctl(...args: readonly string[]): Promise<string> {
    return this.run('systemctl', ...args, ...(args[0] === 'daemon-reload' ? [] : [UNIT]));
  }

  /** A property of the unit, as `systemctl show` has it. */
  async property(name: string): Promise<string> {
    return (await this.systemctl('show', '--value', `--property=${name}`)).trim();
  }

  /** Runs a program in the namespaces, outside of every sandbox; resolves with what it printed. */
  run(program: string, ...args: readonly string[]): Promise<string> {
    const pid = this.#child?.pid;
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return new Promise((done, fail) => {
      const command = ['--target', first, '--mount', '--pid', '--ipc', '--uts', '--cgroup', program, ...args];
      execFile('nsenter', command, { timeout: START_LIMIT_MS }, (error, stdout, stderr) => {
        if (error) fail(new Error(`${error.message}\n${stderr}\n${this.tail()}`));
        else done(`${stdout}${stderr}`);
      });
    });
  }

  /** The first line of the service from number `from` on that is so. */
  next(what: string, isMeant: (line: Journaled) => boolean, from = 0, timeoutMs = START_LIMIT_MS): Promise<Journaled> {
    const probe = () => this.lines.slice(from).find(isMeant);
    return this.#watch.for(probe, timeoutMs, () => `${what}\n${this.tail()}`);
  }

  /** The last words of both, for a person. */
  tail(): string {
    return ['--- service', ...this.lines.slice(-40).map((line) => JSON.stringify(line)), '---', ...this.errors].join(
      '\n',
    );
  }

  /** Ends everything in the namespaces, and removes what was made. May be called twice. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#forget();
    child?.kill('SIGKILL');
    if (child) await exitOf(child);
    this.#journal.close();
    await this.#manager.stop();
    if (child) await this.#removeGroups();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = '';
  }

  async #boot(): Promise<void> {
    const doors = [this.limit.door];
    if (!existsSync(this.#groups)) {
      mkdirSync(this.#groups);
      doors.push(join(this.#groups, 'cgroup.procs'));
    }
    const enter = doors.map((door) => `echo $$ >${door}`).join(' && ');
    const args = [resolve('test/helpers/systemd-boot.sh'), this.#folder, roomOf(this.#options.sound), resolve('.')];
    const unshare = ['--pdeathsig', 'KILL', 'unshare', ...NAMESPACES, 'sh', ...args];
    const child = spawn('sh', ['-c', `${enter} && exec setpriv "$@"`, 'sh', ...unshare], {
      env: { PATH: `${SERVICE_PATH}:/sbin:/bin`, ...this.#manager.variables },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#forget = atProcessEnd(() => {
      child.kill('SIGKILL');
      rmSync(this.#folder, { recursive: true, force: true });
    });
    createInterface({ input: child.stderr }).on('line', (line) => this.errors.push(line));
    const ended = exitOf(child).then(() => Promise.reject(new Error(this.tail())));
    // To whom it contains systemd says that it is READY, as a service does.
    await Promise.race([this.#manager.next('READY', /^1$/, { timeoutMs: START_LIMIT_MS }), ended]);
  }

  #read(text: string): void {
    this.lines.push(text.startsWith('{') ? (JSON.parse(text) as Journaled) : { msg: text });
    this.#watch.notify();
  }

  /** The kernel lets go of a group a moment after its last process. */
  async #removeGroups(): Promise<void> {
    const isOwn = this.#groups !== dirname(this.limit.door);
    for (let round = 0; ; round++) {
      try {
        removeBelow(this.#groups);
        if (isOwn) rmdirSync(this.#groups);
        this.limit[Symbol.dispose]();
        return;
      } catch (error) {
        if (round === 100) throw error;
        await new Promise((done) => setTimeout(done, 20));
      }
    }
  }
}

/** systemd for one test. */
export async function startSystemd(test: TestContext, options: SystemdOptions): Promise<Systemd> {
  const systemd = new Systemd(options);
  test.after(() => systemd.stop());
  await systemd.start();
  return systemd;
}

/** The sound's devices as a machine has them: ALSA's defaults, without a word in anybody's environment. */
const ASOUND_CONF = `
pcm.!default {
  type asym
  playback.pcm { type pulse server "unix:/run/room/native" device "spk" }
  capture.pcm { type pulse server "unix:/run/room/native" device "mic.monitor" }
}
ctl.!default { type pulse server "unix:/run/room/native" }
`;

function roomOf(sound: VirtualSound): string {
  return sound.env.XDG_RUNTIME_DIR ?? '';
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
