import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

/** Why no limit can be set here; false where one can. */
export function whyNoLimit(): string | false {
  return folderOfAll() === undefined ? 'the memory controller of the cgroups is not here' : false;
}

/** A limit for the memory of a tree of processes, page cache included, and a memory of the most that they had. */
export class MemoryLimit {
  readonly #folder: string;

  constructor(mib: number) {
    this.#folder = join(folderOfAll() ?? '', `tars-test-${process.pid}`);
    mkdirSync(this.#folder);
    const file = this.#isV2 ? 'memory.max' : 'memory.limit_in_bytes';
    writeFileSync(join(this.#folder, file), String(mib * 1024 * 1024));
  }

  /** A process that writes its number here is limited, and what it starts from then on. */
  get door(): string {
    return join(this.#folder, 'cgroup.procs');
  }

  /** The most so far, in MiB. */
  get peakMib(): number {
    const file = this.#isV2 ? 'memory.peak' : 'memory.max_usage_in_bytes';
    return Number(readFileSync(join(this.#folder, file), 'utf8')) / 1024 / 1024;
  }

  /** Processes that were ended because there was no room. */
  get killed(): number {
    const file = this.#isV2 ? 'memory.events' : 'memory.oom_control';
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(this.#folder, file), 'utf8'))?.[1]);
  }

  /** Once no process is in it. */
  [Symbol.dispose](): void {
    rmdirSync(this.#folder);
  }

  get #isV2(): boolean {
    return !this.#folder.startsWith(V1);
  }
}

function folderOfAll(): string | undefined {
  if (existsSync(join(V1, 'memory.limit_in_bytes'))) return V1;
  const controllers = join(V2, 'cgroup.subtree_control');
  const hasMemory = existsSync(controllers) && readFileSync(controllers, 'utf8').includes('memory');
  return hasMemory ? V2 : undefined;
}
