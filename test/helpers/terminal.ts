import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { atProcessEnd, endProcess, exitOf, within } from './processes.js';
import { TerminalScreen } from './terminal-screen.js';
import { Watch } from './watch.js';

const PROGRAM = fileURLToPath(new URL('../../../test/helpers/terminal.py', import.meta.url));
const ROWS = 24;

/** A program on a pseudo-terminal of its own, and a person in front of it. */
export class Terminal {
  readonly screen: TerminalScreen;
  readonly #child: ChildProcess;
  readonly #watch = new Watch();
  readonly #forget: () => void;

  constructor(columns: number, command: readonly string[], env: NodeJS.ProcessEnv) {
    this.screen = new TerminalScreen(columns);
    this.#child = spawn('python3', [PROGRAM, String(columns), String(ROWS), ...command], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#forget = atProcessEnd(() => this.#child.kill());
    this.#child.stdout?.setEncoding('utf8');
    this.#child.stdout?.on('data', (text: string) => {
      this.screen.write(text);
      this.#watch.notify();
    });
  }

  /** Presses keys. */
  type(keys: string): void {
    this.#order({ keys });
  }

  resize(columns: number): void {
    this.screen.resize(columns);
    this.#order({ columns, rows: ROWS });
  }

  /** Resolves as soon as the row with the cursor is like this; rejects with everything on the screen. */
  async untilLine(pattern: RegExp, timeoutMs = 10_000): Promise<string> {
    const what = () => `${pattern} in the line of the cursor of\n${this.screen.rows.join('\n')}`;
    const line = () => (pattern.test(this.screen.line) ? this.screen.line : undefined);
    return this.#watch.for(line, timeoutMs, what);
  }

  /** Resolves as soon as any row is like this; rejects with everything on the screen. */
  async untilShown(pattern: RegExp, timeoutMs = 10_000): Promise<string> {
    const what = () => `${pattern} in a line of\n${this.screen.rows.join('\n')}`;
    return this.#watch.for(() => this.screen.rows.find((row) => pattern.test(row)), timeoutMs, what);
  }

  /** The exit code, when the program ends. */
  async exited(timeoutMs = 10_000): Promise<number | null> {
    await within(exitOf(this.#child), timeoutMs, () => 'the end of the program on the terminal');
    return this.#child.exitCode;
  }

  /** Takes the terminal away, as a lost connection does. */
  async close(): Promise<void> {
    await endProcess(this.#child);
    this.#forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #order(order: object): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}
