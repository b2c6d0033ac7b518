/** A contact that opened or closed. */
export interface Edge {
  isPressed: boolean;
  /** On the scale of the clock in use. */
  atMs: number;
}

/**
 * Makes presses of a contact that bounces: a level counts once it has held for `debounceMs`, from its own first moment on. Pure:
 * the time is given, and edges may be fed late as long as they carry their own time.
 */
export class Debouncer {
  readonly #debounceMs: number;
  #raw: Edge = { isPressed: false, atMs: Number.NEGATIVE_INFINITY };
  #isPressed = false;

  constructor(debounceMs: number) {
    this.#debounceMs = debounceMs;
  }

  /** Takes the edges since the last call, the oldest first, and the present time; gives those that count. */
  feed(edges: readonly Edge[], nowMs: number): Edge[] {
    const counted: Edge[] = [];
    for (const edge of edges) {
      this.#settle(edge.atMs, counted);
      // A kernel whose queue was full lost some: the same level again is no new one.
      if (edge.isPressed !== this.#raw.isPressed) this.#raw = edge;
    }
    this.#settle(nowMs, counted);
    return counted;
  }

  #settle(untilMs: number, counted: Edge[]): void {
    if (this.#raw.isPressed === this.#isPressed || untilMs - this.#raw.atMs < this.#debounceMs) return;
    this.#isPressed = this.#raw.isPressed;
    counted.push(this.#raw);
  }
}
