import type { Log } from '../log.js';
import { childError, PcmChild } from './child.js';

/** What a program that lists devices prints. Rejects with AudioError, with the remedy, when it fails or is not there. */
export async function listing(command: string, args: string[], remedy: string, log: Log): Promise<string> {
  const spec = { name: command, command, args, env: { LC_ALL: 'C' }, pcm: 'stdout' as const, remedy };
  const child = new PcmChild(spec, log);
  let text = '';
  child.output.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const exit = await child.exited;
  if (exit.code !== 0) throw childError(exit);
  return text;
}
