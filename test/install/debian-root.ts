import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Namespaces } from '../helpers/namespaces.js';
import { Terminal } from '../helpers/terminal.js';

const SUITE = 'trixie';
const MIRROR = 'http://deb.debian.org/debian';
/** What the program needs of Debian: fetched once, installed in each root without a network. */
const PACKAGES =
  'ca-certificates alsa-utils libasound2-plugins libpocketsphinx3 pocketsphinx-en-us libspeexdsp1 flite libportaudio2 libgpiod3 systemd';

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/** Why no root can be made here; false where one can. */
export function whyNoRoot(): string | false {
  if (process.getuid?.() !== 0) return 'a Debian root needs chroot and mount, that is root';
  if (existsSync(baseFolder())) return false;
  return spawnSync('debootstrap', ['--version']).error ? 'debootstrap is not here: apt-get install debootstrap' : false;
}

/** What a command in the root answered. */
export interface Answer {
  code: number | null;
  /** Standard output and standard error, one after the other. */
  text: string;
}

/**
 * A fresh Debian with Node and nothing else: chroot, real apt and dpkg, and systemctl.pl in the place of systemd. Its
 * base is made once and kept in the user's cache.
 */
export class DebianRoot {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tars-root-'));
  readonly #mounts: string[] = [];
  readonly path: string;
  /** A command line that continues in the root. */
  #way: readonly string[];
  #namespaces: Namespaces | undefined;

  constructor() {
    this.path = join(this.#folder, 'root');
    this.#way = ['chroot', this.path];
    const [upper, work] = [join(this.#folder, 'upper'), join(this.#folder, 'work')];
    for (const each of [this.path, upper, work]) mkdirSync(each);
    const base = preparedBase();
    this.#mount('-t', 'overlay', 'overlay', '-o', `lowerdir=${base},upperdir=${upper},workdir=${work}`, this.path);
    this.#mount('-t', 'proc', 'proc', join(this.path, 'proc'));
    mkdirSync(join(this.path, 'run/systemd/system'), { recursive: true });
    copyFileSync(resolve('test/install/systemctl.pl'), join(this.path, 'usr/bin/systemctl'));
    must('chmod', '755', join(this.path, 'usr/bin/systemctl'));
  }

  /**
   * Runs a line of shell in the root, without terminal and network configuration; `limitMs` bounds it, and `door` lets it
   * into a control group.
   */
  run(line: string, limitMs = 600_000, door = '/dev/null'): Answer {
    const enter = 'echo $$ >"$0" && exec "$@"';
    const { status, stdout, stderr } = spawnSync('sh', ['-c', enter, door, ...this.#way, 'sh', '-c', line], {
      env: ENVIRONMENT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    return { code: status, text: `${stdout}${stderr}` };
  }

  /** Runs a command of words in the root on a terminal of its own, at the keys of which is the caller. */
  onTerminal(command: string): Terminal {
    return new Terminal(120, [...this.#way, ...command.split(' ')], ENVIRONMENT);
  }

  /** Lets the real systemd of the root run it as process 1, in the place of systemctl.pl. `halt()` is to follow. */
  async boot(): Promise<void> {
    rmSync(join(this.path, 'usr/bin/systemctl'));
    rmSync(join(this.path, 'run/systemd'), { recursive: true });
    const { code, text } = this.run('apt-get install -y --no-install-recommends systemd');
    if (code !== 0) throw new Error(`systemd in the root: ${text}`);
    this.#namespaces = new Namespaces();
    await this.#namespaces.start(resolve('test/install/boot-root.sh'), this.path, resolve('.'));
    this.#way = this.#namespaces.way;
  }

  /** Ends everything that `boot()` has begun. */
  async halt(): Promise<void> {
    await this.#namespaces?.stop();
    this.#way = ['chroot', this.path];
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'utf8');
  }

  write(file: string, content: string | Uint8Array): void {
    writeFileSync(join(this.path, file), content);
  }

  has(file: string): boolean {
    return lstatSync(join(this.path, file), { throwIfNoEntry: false }) !== undefined;
  }

  /** Permissions of a file or folder, without its kind. */
  modeOf(file: string): number {
    return lstatSync(join(this.path, file)).mode & 0o7777;
  }

  /** Everything below the folders of the root where an installer may leave something, sorted. */
  files(): string[] {
    return ['etc', 'opt', 'usr/local', 'usr/lib/systemd', 'usr/lib/tars-client', 'var/lib/tars-client']
      .filter((folder) => this.has(folder))
      .flatMap((folder) =>
        readdirSync(join(this.path, folder), { recursive: true, encoding: 'utf8' }).map((each) => join(folder, each)),
      )
      .sort();
  }

  /** The command lines of what runs in the root. */
  processes(): string[] {
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid) && rootOf(pid) === this.path)
      .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
  }

  /** Copies a file or folder of this machine into the root. */
  bring(from: string, to: string): void {
    must('cp', '-R', '--no-preserve=ownership', from, join(this.path, to));
  }

  /** Stops the service and takes the root away. */
  [Symbol.dispose](): void {
    this.run('systemctl stop tars-client.service', 30_000);
    for (const mount of this.#mounts.reverse()) must('umount', mount);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #mount(...args: string[]): void {
    must('mount', ...args);
    this.#mounts.push(args.at(-1) ?? '');
  }
}

function rootOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/root`);
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function baseFolder(): string {
  // Another base where it brings other packages: one that is there may be mounted by another run.
  const kind = createHash('sha256').update(PACKAGES).digest('hex').slice(0, 8);
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tars-client', `debian-${SUITE}-${kind}`);
}

function preparedBase(): string {
  const base = baseFolder();
  if (existsSync(base)) return base;
  const unfinished = `${base}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  must('debootstrap', '--variant=minbase', '--include=ca-certificates,nodejs', SUITE, unfinished, MIRROR);
  const fetch = `apt-get update && apt-get install -y --download-only --no-install-recommends ${PACKAGES}`;
  must('chroot', unfinished, 'sh', '-c', fetch);
  renameSync(unfinished, base);
  return base;
}

function must(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
}
