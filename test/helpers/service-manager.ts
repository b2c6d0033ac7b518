import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { endProcess } from './processes.js';
import { Watch } from './watch.js';

// Node has no datagram sockets of the Unix kind. The kernel notes when a message was sent (29 is SO_TIMESTAMP).
const EAR = `
import json, socket, struct, sys
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.setsockopt(socket.SOL_SOCKET, 29, 1)
ear.bind(sys.argv[1])
print("bound", flush=True)
while True:
    text, [(_, _, time)], _, _ = ear.recvmsg(65536, 64)
    seconds, microseconds = struct.unpack("@ll", time)
    print(json.dumps([seconds * 1000 + microseconds / 1000, text.decode()]), flush=True)
`;

/** One message of sd_notify: its names and values. */
export interface Told {
  /** When it was sent, by the kernel, on the scale of `Date.now()` and of the field `time` of the log. */
  sentAtMs: number;
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
      const [sentAtMs, text] = JSON.parse(line) as [number, string];
      const pairs = text
        .split('\n')
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
      this.told.push({ sentAtMs, fields: Object.fromEntries(pairs) as Record<string, string> });
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

  /** When each message with this name was sent. */
  timesOf(name: string): number[] {
    return this.told.filter(({ fields }) => name in fields).map(({ sentAtMs }) => sentAtMs);
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
