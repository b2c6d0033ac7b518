import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { MemoryLimit, whyNoLimit } from './memory-limit.js';
import { Namespaces, whyNoNamespaces } from './namespaces.js';
import type { VirtualSound } from './virtual-sound.js';
import { Watch } from './watch.js';

const UNIT = 'tars-client.service';
const COMMAND_LIMIT_MS = 20_000;
/** As systemd has it where nothing else is set. */
const SERVICE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

/** Why the unit cannot run under the real systemd here; false where it can. */
export function whyNoSystemd(): string | false {
  if (!existsSync('/lib/systemd/systemd')) return 'systemd is not here: apt-get install systemd';
  const node = spawnSync('sh', ['-c', 'command -v node'], { env: { PATH: SERVICE_PATH }, encoding: 'utf8' }).stdout;
  if (node === '') return `a service finds no node in ${SERVICE_PATH}`;
  return whyNoLimit() || whyNoNamespaces();
}

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
 * sound as ALSA's default devices. What it shares with the machine is the network and files that it only reads.
 */
export class Systemd {
  /** The service's lines so far; one that is not JSON is a `msg`. */
  readonly lines: Journaled[] = [];
  readonly limit: MemoryLimit;
  readonly #options: SystemdOptions;
  readonly #namespaces: Namespaces;
  readonly #watch = new Watch();
  readonly #journal: Server;
  #folder = '';

  constructor(options: SystemdOptions) {
    this.#options = options;
    this.limit = new MemoryLimit(options.memoryMib);
    this.#namespaces = new Namespaces(this.limit);
    // Stands for journald: a connection begins with seven lines about whom it is of.
    this.#journal = createServer((socket) => {
      createInterface({ input: socket }).on('line', (line) => this.#read(line));
    });
  }

  /** Resolves when systemd has started; the service has not. */
  async start(): Promise<void> {
    const { sound, secrets, config } = this.#options;
    const folder = await mkdtemp(join(tmpdir(), 'tars-systemd-'));
    this.#folder = folder;
    await chmod(folder, 0o755);
    for (const each of ['etc', 'units', 'journal']) await mkdir(join(folder, each));
    await mkdir(join(folder, 'etc/credentials'), { mode: 0o700 });
    for (const [name, secret] of Object.entries(secrets)) {
      await writeFile(join(folder, 'etc/credentials', name), secret, { mode: 0o600 });
    }
    await this.configure(config);
    await writeFile(join(folder, 'asound.conf'), ASOUND_CONF);
    for (const target of ['sysinit', 'basic', 'shutdown']) {
      await writeFile(join(folder, 'units', `${target}.target`), '[Unit]\nDefaultDependencies=no\n');
    }
    await copyFile(resolve('systemd', UNIT), join(folder, 'units', UNIT));
    await mkdir(join(folder, `units/${UNIT}.d`));
    await writeFile(join(folder, `units/${UNIT}.d/checkout.conf`), LIBRARIES);
    const socket = join(folder, 'journal/stdout');
    await new Promise<void>((done) => this.#journal.listen(socket, done));
    // systemd opens it as the service's user.
    await chmod(socket, 0o666);
    const room = sound.env.XDG_RUNTIME_DIR ?? '';
    await this.#namespaces.start(resolve('test/helpers/systemd-boot.sh'), folder, room, resolve('.'));
  }

  /** Replaces /etc/tars-client/config.toml. */
  async configure(config: string): Promise<void> {
    await writeFile(join(this.#folder, 'etc/config.toml'), config);
  }

  /** As `systemctl edit` does: further lines of the unit's [Service], in the place of those of the last call. */
  async edit(lines: string): Promise<void> {
    await writeFile(join(this.#folder, `units/${UNIT}.d/test.conf`), `[Service]\n${lines}\n`);
    await this.run('systemctl', 'daemon-reload');
  }

  /** `systemctl VERB… tars-client.service`, as root. Rejects where it fails. */
  systemctl(...args: readonly string[]): Promise<string> {
    return this.run('systemctl', ...args, UNIT);
  }

  /** A property of the unit, as `systemctl show` has it. */
  async property(name: string): Promise<string> {
    return (await this.systemctl('show', '--value', `--property=${name}`)).trim();
  }

  /** Runs a program in the namespaces, outside of every sandbox; resolves with what it printed. */
  run(program: string, ...args: readonly string[]): Promise<string> {
    const [enter = '', ...way] = this.#namespaces.way;
    return new Promise((done, fail) => {
      execFile(enter, [...way, program, ...args], { timeout: COMMAND_LIMIT_MS }, (error, stdout, stderr) => {
        if (error) fail(new Error(`${error.message}\n${stderr}\n${this.#tail()}`));
        else done(`${stdout}${stderr}`);
      });
    });
  }

  /** The first line of the service from number `from` on that is so. */
  next(what: string, isMeant: (line: Journaled) => boolean, from = 0): Promise<Journaled> {
    const probe = () => this.lines.slice(from).find(isMeant);
    return this.#watch.for(probe, COMMAND_LIMIT_MS, () => `${what}\n${this.#tail()}`);
  }

  /** Ends everything in the namespaces, and removes what was made. May be called twice. */
  async stop(): Promise<void> {
    await this.#namespaces.stop();
    this.#journal.close();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = '';
  }

  #read(text: string): void {
    this.lines.push(text.startsWith('{') ? (JSON.parse(text) as Journaled) : { msg: text });
    this.#watch.notify();
  }

  #tail(): string {
    return [...this.lines.slice(-40).map((line) => JSON.stringify(line)), ...this.#namespaces.errors].join('\n');
  }
}

/** systemd for one test. */
export async function startSystemd(test: TestContext, options: SystemdOptions): Promise<Systemd> {
  const systemd = new Systemd(options);
  test.after(() => systemd.stop());
  await systemd.start();
  return systemd;
}

/** naudiodon looks for its library where it was built, and the sandbox may hide that place. */
const LIBRARIES = `[Service]
Environment=LD_LIBRARY_PATH=/opt/tars-client/current/node_modules/naudiodon/build/Release
`;

/** The sound's devices as a machine has them: ALSA's defaults, without a word in anybody's environment. */
const ASOUND_CONF = `
pcm.!default {
  type asym
  playback.pcm { type pulse server "unix:/run/room/native" device "spk" }
  capture.pcm { type pulse server "unix:/run/room/native" device "mic.monitor" }
}
ctl.!default { type pulse server "unix:/run/room/native" }
`;
