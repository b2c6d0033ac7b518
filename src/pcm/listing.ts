import { AudioError } from '../errors.js';
import type { Log } from '../log.js';
import { type ChildExit, childError, PcmChild } from './child.js';

/** A program that lists devices, and what to do where it does not. */
export interface ListingSpec {
  command: string;
  args: string[];
  /** What to install when the command does not exist. */
  remedy: string;
  /** What to do when it does not answer. */
  cure: string;
  /** @default 5000 milliseconds */
  limitMs?: number;
}

const LIMIT_MS = 5_000;

/** What a program that lists devices prints. Rejects with AudioError, with the remedy, when it fails, hangs or is not there. */
export async function listing({ command, args, remedy, cure, limitMs }: ListingSpec, log: Log): Promise<string> {
  const spec = { name: command, command, args, env: { LC_ALL: 'C' }, pcm: 'stdout' as const, remedy };
  const child = new PcmChild(spec, log);
  let text = '';
  child.output.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const exit = await endOf(child, command, cure, limitMs);
  if (exit.code !== 0) throw childError(exit);
  return text;
}

/** How a child ended that should by itself. One that does not within the limit is ended, and told as AudioError. */
export async function endOf(child: PcmChild, name: string, cure: string, limitMs = LIMIT_MS): Promise<ChildExit> {
  let hangs = false;
  const timer = setTimeout(() => {
    hangs = true;
    void child.kill();
  }, limitMs);
  const exit = await child.exited;
  clearTimeout(timer);
  if (hangs) throw new AudioError(`${name} did not answer within ${limitMs / 1000} s: ${cure}`, { retryable: true });
  return exit;
}
