/** Where a bar is drawn: a stream that may be a terminal. */
export interface ProgressOutput {
  write(text: string): unknown;
  isTTY?: boolean;
}

const CELLS = 30;

/** How far something is, as one line of a terminal that is written over and over; elsewhere nothing is written. */
export class ProgressBar {
  readonly #out: ProgressOutput;
  readonly #title: string;
  readonly #total: number;
  #shown = '';

  /** @param total what `update` counts up to, in bytes. */
  constructor(out: ProgressOutput, title: string, total: number) {
    this.#out = out;
    this.#title = title;
    this.#total = total;
  }

  update(bytes: number): void {
    if (this.#out.isTTY !== true) return;
    const share = this.#total > 0 ? Math.min(1, bytes / this.#total) : 1;
    const cells = Math.floor(share * CELLS);
    const bar = '█'.repeat(cells) + '░'.repeat(CELLS - cells);
    const line = `${this.#title}  ${bar} ${Math.floor(share * 100)} %  ${megabytes(bytes)} of ${megabytes(this.#total)}`;
    if (line === this.#shown) return;
    this.#shown = line;
    this.#out.write(`\r\x1b[2K${line}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown !== '') this.#out.write('\r\x1b[2K');
    this.#shown = '';
  }
}

/** A size for a person. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
