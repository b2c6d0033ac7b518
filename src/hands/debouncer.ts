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
  #raw: Edge;
  /** When the contact was last seen to be as the edges have it. */
  #seenMs = Number.NEGATIVE_INFINITY;
  #isPressed: boolean;

  /** `isPressed`: how the contact is before its first edge. */
  constructor(debounceMs: number, isPressed: boolean) {
    this.#debounceMs = debounceMs;
    this.#isPressed = isPressed;
    this.#raw = { isPressed, atMs: Number.NEGATIVE_INFINITY };
  }

  /**
   * Takes how the contact is now and the edges since the last call, the oldest first; gives those that count. While edges
   * come nothing is concluded from the present: some may have been dropped.
   */
  feed(now: Edge, edges: readonly Edge[]): Edge[] {
    const counted: Edge[] = [];
    for (const edge of edges) this.#change(edge, counted);
    if (edges.length > 0) return counted;
    this.#change(now.isPressed ? now : { ...now, atMs: this.#releasedMs(now.atMs) }, counted);
    this.#seenMs = now.atMs;
    this.#settle(now.atMs, counted);
    return counted;
  }

  /** When a contact was let go whose edge was dropped: a press is taken to have been as short as it may have been. */
  #releasedMs(nowMs: number): number {
    return Math.min(nowMs, Math.max(this.#seenMs, this.#raw.atMs + this.#debounceMs));
  }

  #change(edge: Edge, counted: Edge[]): void {
    this.#settle(edge.atMs, counted);
    // Where edges were dropped the same level may come again.
    if (edge.isPressed !== this.#raw.isPressed) this.#raw = edge;
  }

  #settle(untilMs: number, counted: Edge[]): void {
    if (this.#raw.isPressed === this.#isPressed || untilMs - this.#raw.atMs < this.#debounceMs) return;
    this.#isPressed = this.#raw.isPressed;
    counted.push(this.#raw);
  }
}
