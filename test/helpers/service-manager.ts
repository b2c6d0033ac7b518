import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { endProcess } from './processes.js';
import { Watch } from './watch.js';

// Node has no datagram sockets of the Unix kind.
const EAR = `
import json, os, socket, sys
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(ear.recv(65536).decode()), flush=True)
`;

/** One message of sd_notify: its names and values. */
export interface Told {
  /** When it came, on the scale of `performance.now()`. */
  atMs: number;
  fields: Readonly<Record<string, string>>;
}

/** The ear of a service manager: a real datagram socket, as systemd's NOTIFY_SOCKET. */
export class ServiceManager {
  /** Every message so far. */
  readonly told: Told[] = [];
  readonly #watch = new Watch();
  #child: ChildProcess | undefined;
  #folder = '';

  /** What goes into the environment of a service. */
  get variables(): Record<string, string> {
    return { NOTIFY_SOCKET: join(this.#folder, 'notify') };
  }

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'tars-manager-'));
    const child = spawn('python3', ['-c', EAR, join(this.#folder, 'notify')], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const lines = createInterface({ input: child.stdout });
    await once(lines, 'line');
    lines.on('line', (line) => {
      const pairs = String(JSON.parse(line))
        .split('\n')
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
      this.told.push({ atMs: performance.now(), fields: Object.fromEntries(pairs) as Record<string, string> });
      this.#watch.notify();
    });
  }

  /** The first message from number `from` on that has this name, and this value if one is given. */
  next(name: string, value: RegExp = /^/, { from = 0, timeoutMs = 10_000 } = {}): Promise<Told> {
    return this.#watch.for(
      () => this.told.slice(from).find(({ fields }) => fields[name] !== undefined && value.test(fields[name])),
      timeoutMs,
      () => `${name} ~ ${value}, told: ${JSON.stringify(this.told.map(({ fields }) => fields))}`,
    );
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    if (this.#child) await endProcess(this.#child, 'SIGTERM', 1000);
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = '';
  }
}

/** A service manager for one test. */
export async function startServiceManager(test: TestContext): Promise<ServiceManager> {
  const manager = new ServiceManager();
  test.after(() => manager.stop());
  await manager.start();
  return manager;
}
