import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Cost, CostJob } from './cost.js';
import type { Hearing, Job } from './hearing.js';

/** Hears jobs in child processes, as many at once as there are cores. Each is answered by what was heard in its sounds. */
export class Ears {
  readonly #queue: { job: Job; resolve: (hearings: Hearing[]) => void; reject: (error: Error) => void }[] = [];
  #running = 0;

  /** Resolves when the job is done; those that came first are done first. */
  hear(job: Job): Promise<Hearing[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#running >= availableParallelism()) return;
    const entry = this.#queue.shift();
    if (!entry) return;
    this.#running += 1;
    ask<Job, Hearing[]>('hearing.js', entry.job)
      .then(entry.resolve, entry.reject)
      .finally(() => {
        this.#running -= 1;
        this.#next();
      });
  }
}

/** What an engine costs in a process of its own. */
export function costOf(job: CostJob): Promise<Cost> {
  return ask<CostJob, Cost>('cost.js', job);
}

/** Starts a program of this folder, gives it one job and takes its answer. */
async function ask<Q extends object, A>(program: string, job: Q): Promise<A> {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), { serialization: 'advanced' });
  let answer: { value: A } | undefined;
  child.once('message', (value: A) => {
    answer = { value };
  });
  child.send(job);
  const [code] = await once(child, 'exit');
  if (!answer)
    throw new Error(`${program} ended with code ${code} and no answer to ${JSON.stringify(job).slice(0, 300)}`);
  return answer.value;
}

/** The part of the child: takes one job, gives one answer, ends. */
export function answerOnce<Q, A extends object>(work: (job: Q) => Promise<A>): void {
  process.once('message', (job: Q) => {
    void work(job).then((answer) => process.send?.(answer, () => process.disconnect()));
  });
}
