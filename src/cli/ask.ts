import { createInterface } from 'node:readline/promises';

/**
 * Asks a question that is answered with yes or no, on the terminal of this program; undefined where it has none.
 * The question rejects when the signal aborts.
 */
export function terminalAsk(signal: AbortSignal): ((question: string) => Promise<boolean>) | undefined {
  const { stdin: input, stdout: output } = process;
  if (!input.isTTY || !output.isTTY) return undefined;
  return async (question) => {
    // Not as a terminal: that would keep Ctrl+C from the program.
    const lines = createInterface({ input, output, terminal: false });
    try {
      return /^y(es)?$/i.test((await lines.question(question, { signal })).trim());
    } finally {
      lines.close();
    }
  };
}
