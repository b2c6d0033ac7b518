import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/** Where a person may be asked. */
export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Asks a question that is answered with yes or no, on the terminal of this program; undefined where it has none.
 * The end of the input (Ctrl-D) is a no. The question rejects when the signal aborts.
 */
export function terminalAsk(
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stdout },
): ((question: string) => Promise<boolean>) | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return async (question) => {
    // Not as a terminal: that would keep Ctrl+C from the program.
    const lines = createInterface({ input, output, terminal: false });
    try {
      // A question whose input ends is never answered.
      const ended = once(lines, 'close').then(() => '');
      const answer = await Promise.race([lines.question(question, { signal }), ended]);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  };
}
