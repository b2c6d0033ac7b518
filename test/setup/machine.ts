import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The tools of every Unix that setup.sh may use as they are; every other command is a stub or absent. */
const REAL_TOOLS = 'sh cat cksum cp dirname env find grep head ls mkdir rm sed tail touch tr true'.split(' ');

/** Each stub notes its call in calls.log; files in the state folder decide what it answers. */
const STUBS: Readonly<Record<string, string>> = {
  node: `case "$1" in
  --version) cat state/node-version ;;
  -p) echo "$(cat state/node-arch) /nowhere" ;;
  -e) ! grep -qx koffi state/broken ;;
esac`,
  npm: `case "$1 $2" in
  'ci '*)
    if grep -qx ci state/broken; then echo 'npm error code ETEST'; exit 1; fi
    rm -rf node_modules
    mkdir -p node_modules/naudiodon/portaudio/bin node_modules/speaker/deps/mpg123/config/linux/x64 node_modules/koffi
    echo x86-64 >node_modules/naudiodon/portaudio/bin/libportaudio.so.2
    echo '#define MPG123' >node_modules/speaker/deps/mpg123/config/linux/x64/config.h
    for platform in linux/x64 linux/arm64 darwin/x64 darwin/arm64 win32/x64 win32/arm64; do
      mkdir -p "node_modules/onnxruntime-node/bin/napi-v6/$platform"
      touch "node_modules/onnxruntime-node/bin/napi-v6/$platform/onnxruntime_binding.node"
    done ;;
  'rebuild '*)
    for package; do :; done
    if grep -qx "$package" state/broken; then exit 0; fi
    name=$package; [ "$package" != speaker ] || name=binding
    mkdir -p "node_modules/$package/build/Release"; echo "$CXXFLAGS" >"node_modules/$package/build/Release/$name.node" ;;
  'run build')
    if grep -qx build state/broken; then echo 'src/main.ts(1,1): error TS1005: expected'; exit 1; fi
    mkdir -p dist/src; touch dist/src/main.js dist/.built ;;
esac`,
  uname: 'cat "state/uname$1"',
  id: 'cat state/uid',
  'dpkg-query': `case "$1" in
  -W) shift 3; for p; do if grep -qx "$p" state/installed; then printf 'installed=%s ' "$p"; fi; done ;;
  -L) echo "/share/doc"; echo "$PWD/state/libportaudio.so.2" ;;
esac`,
  'apt-cache': 'grep -qx "$2" state/known',
  'apt-get': `case "$*" in
  *update*)
    if grep -qx update state/broken; then echo 'E: no route'; exit 100; fi
    cat state/mirror >>state/known ;;
  *install*)
    if grep -qx apt state/broken; then echo 'E: Failed to fetch'; exit 100; fi
    for p; do echo "$p" >>state/installed; done ;;
esac`,
  sudo: 'shift; grep -qx sudo state/broken && exit 1; exec "$@"',
};

/** What a simulated machine is like, where it differs from a Debian machine with Node 20, all packages and root. */
export interface MachineOptions {
  nodeVersion?: string;
  nodeArch?: string;
  system?: string;
  machine?: string;
  uid?: number;
  /** Debian packages that are installed. @default all of ALL_PACKAGES */
  installed?: readonly string[];
  /** Debian packages that apt knows before an update. @default all of ALL_PACKAGES */
  known?: readonly string[];
  /** Debian packages that apt knows after an update. @default all of ALL_PACKAGES */
  mirror?: readonly string[];
  /** What fails: `ci`, `build`, `apt` (installing), `update` (of its lists), `sudo`, or the name of a native package. */
  broken?: readonly string[];
  /** Stubbed commands that do not exist on this machine. */
  without?: readonly string[];
}

/** The Debian packages that setup.sh asks for with --test on an x86-64 machine. */
export const ALL_PACKAGES = [
  ...['build-essential', 'python3', 'libasound2-dev', 'ca-certificates', 'alsa-utils', 'libasound2-plugins'],
  ...['libpocketsphinx3', 'pocketsphinx-en-us', 'libspeexdsp1', 'flite'],
  ...['pulseaudio', 'pulseaudio-utils', 'openssl', 'procps', 'systemd', 'gpiod', 'chromium'],
];

/** What one run of setup.sh answered and which stubs it called. */
export interface SetupRun {
  code: number | null;
  stdout: string;
  stderr: string;
  calls: readonly string[];
}

/** A temporary checkout with setup.sh in it, and a PATH on which nothing real can be installed. */
export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), 'tars-setup-'));

  constructor(options: MachineOptions = {}) {
    const bin = this.path('bin');
    mkdirSync(bin);
    for (const tool of REAL_TOOLS) symlinkSync(findOnPath(tool), join(bin, tool));
    for (const [name, body] of Object.entries(STUBS)) {
      if (options.without?.includes(name)) continue;
      this.write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>calls.log\n${body}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    this.write('state/node-version', options.nodeVersion ?? 'v20.19.2');
    this.write('state/node-arch', options.nodeArch ?? 'x64');
    this.write('state/uname-s', options.system ?? 'Linux');
    this.write('state/uname-m', options.machine ?? 'x86_64');
    this.write('state/uid', String(options.uid ?? 0));
    this.write('state/libportaudio.so.2', 'arm64');
    for (const list of ['installed', 'known', 'mirror'] as const) this.list(list, options[list] ?? ALL_PACKAGES);
    this.list('broken', options.broken ?? []);
    for (const file of ['package.json', 'package-lock.json', 'tsconfig.json']) this.write(file, '{}');
    this.write('src/main.ts', '');
    copyFileSync(resolve('setup.sh'), this.path('setup.sh'));
  }

  path(file: string): string {
    return join(this.root, file);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), `${text}\n`);
  }

  /** Sets one of the lists in the state folder, one entry a line. */
  list(name: 'installed' | 'known' | 'mirror' | 'broken', entries: readonly string[]): void {
    this.write(`state/${name}`, entries.join('\n'));
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8').trim();
  }

  has(file: string): boolean {
    return existsSync(this.path(file));
  }

  /** Runs setup.sh without a terminal, its working directory being the checkout. */
  setup(...args: string[]): SetupRun {
    rmSync(this.path('calls.log'), { force: true });
    const run = spawnSync(this.path('setup.sh'), args, {
      cwd: this.root,
      env: { PATH: this.path('bin') },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    });
    const calls = this.has('calls.log') ? this.read('calls.log').split('\n') : [];
    return { code: run.status, stdout: run.stdout, stderr: run.stderr, calls };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function findOnPath(tool: string): string {
  const folder = (process.env.PATH ?? '').split(':').find((entry) => existsSync(join(entry, tool)));
  if (folder === undefined) throw new Error(`${tool} is not on the PATH; install the package it belongs to`);
  return join(folder, tool);
}
