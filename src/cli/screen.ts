/** What is used of a terminal. */
export interface TerminalStream {
  readonly columns: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** Of a terminal that does not say how wide it is. */
const COLUMNS_UNKNOWN = 80;
const ERASE_LINE = '\r\u001b[2K';
const ERASE_BELOW = '\u001b[J';
const UP = '\u001b[A';

/**
 * A terminal whose last line lives: what is printed scrolls by above it. Writes nothing but what is printed once it is
 * closed.
 */
export class Screen {
  readonly #stream: TerminalStream;
  /** As it stands on the terminal, without what only colours it. */
  #drawn = '';
  #isDrawn = false;
  #line = '';
  #drawnWidth = 0;
  #isClosed = false;
  readonly #onResize = () => this.#makeRoom();

  constructor(stream: TerminalStream) {
    this.#stream = stream;
    stream.on('resize', this.#onResize);
  }

  /** Width of the terminal, in characters. */
  get columns(): number {
    return this.#stream.columns || COLUMNS_UNKNOWN;
  }

  /** Prints whole lines above the living one; `text` ends in a newline. */
  print(text: string): void {
    this.#stream.write(this.#isDrawn ? `${ERASE_LINE}${text}${this.#line}` : text);
  }

  /** Redraws the living line where it has changed. It must fit into one row; colours do not count. */
  show(line: string): void {
    if (this.#isClosed || (this.#isDrawn && line === this.#line)) return;
    this.#line = line;
    this.#drawn = line.replace(COLOURS, '');
    this.#isDrawn = true;
    this.#drawnWidth = this.columns;
    this.#stream.write(`${ERASE_LINE}${line}`);
  }

  /** Takes the living line away. May be called twice. */
  close(): void {
    this.#isClosed = true;
    this.#stream.off('resize', this.#onResize);
    if (this.#isDrawn) this.#stream.write(ERASE_LINE);
    this.#isDrawn = false;
  }

  /** A terminal that became narrower has wrapped the line into several rows; the next `show` draws it anew. */
  #makeRoom(): void {
    if (!this.#isDrawn) return;
    const rows = this.columns < this.#drawnWidth ? Math.ceil([...this.#drawn].length / Math.max(1, this.columns)) : 1;
    this.#stream.write(`\r${UP.repeat(Math.max(0, rows - 1))}${ERASE_BELOW}`);
    this.#isDrawn = false;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told begins with one
const COLOURS = /\u001b\[\d+m/g;
