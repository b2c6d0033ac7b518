/**
 * What a person sees on a terminal: understands what the program uses, and no more. Throws for any other sequence. A
 * terminal that becomes narrower cuts its rows, as xterm does.
 */
export class TerminalScreen {
  /** Everything shown, as it was sent. */
  raw = '';
  #columns: number;
  /** All rows so far, also those that have scrolled away. */
  #rows: string[] = [''];
  #row = 0;
  #column = 0;
  #rest = '';

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** The rows with something in them, the last one last. */
  get rows(): string[] {
    return this.#rows.map((row) => row.trimEnd()).filter((row) => row !== '');
  }

  /** The row where the cursor is. */
  get line(): string {
    return (this.#rows[this.#row] ?? '').trimEnd();
  }

  resize(columns: number): void {
    this.#columns = columns;
    this.#rows = this.#rows.map((row) => [...row].slice(0, columns).join(''));
    this.#column = Math.min(this.#column, columns);
  }

  write(text: string): void {
    this.raw += text;
    this.#rest += text;
    while (this.#rest !== '') {
      const [token] = TOKEN.exec(this.#rest) ?? [];
      if (token === undefined) return; // the rest of a sequence is on its way
      this.#rest = this.#rest.slice(token.length);
      this.#take(token);
    }
  }

  #take(token: string): void {
    if (token === '\r') this.#column = 0;
    else if (token === '\n') this.#down();
    else if (token === '\u001b[2K') this.#rows[this.#row] = '';
    else if (token === '\u001b[J') this.#eraseBelow();
    else if (token === '\u001b[A') this.#row = Math.max(0, this.#row - 1);
    else if (!token.startsWith('\u001b')) this.#put(token);
    else if (!token.endsWith('m')) throw new Error(`the terminal does not know ${JSON.stringify(token)}`);
  }

  #put(text: string): void {
    for (const letter of text) {
      if (this.#column === this.#columns) {
        this.#column = 0;
        this.#down();
      }
      const row = [...(this.#rows[this.#row] ?? '').padEnd(this.#column)];
      row[this.#column] = letter;
      this.#rows[this.#row] = row.join('');
      this.#column += 1;
    }
  }

  #down(): void {
    this.#row += 1;
    this.#rows[this.#row] ??= '';
  }

  #eraseBelow(): void {
    this.#rows[this.#row] = [...(this.#rows[this.#row] ?? '')].slice(0, this.#column).join('');
    this.#rows.length = this.#row + 1;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal is told
const TOKEN = /^(?:\r|\n|\u001b\[[\d;?]*[A-Za-z]|\u001b[^[]|[^\r\n\u001b]+)/;
