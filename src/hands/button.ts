import { Debouncer, type Edge } from './debouncer.js';
import { type Press, PressRecogniser } from './press.js';

/** Options of `Button`. */
export interface ButtonOptions {
  /** How long a level holds before it counts. */
  debounceMs: number;
  longMs: number;
  /** 0: there are no double presses. */
  doubleGapMs: number;
  /** How it is before its first edge. */
  isPressed: boolean;
}

/** Tells the presses of a button that bounces, and some of whose edges are dropped where the program stands still. Pure. */
export class Button {
  readonly #debouncer: Debouncer;
  readonly #recogniser: PressRecogniser;

  constructor({ debounceMs, isPressed, ...options }: ButtonOptions) {
    this.#debouncer = new Debouncer(debounceMs, isPressed);
    this.#recogniser = new PressRecogniser(options);
  }

  /** Takes how the button is now, and then the edges since the last call, the oldest first. */
  look(now: Edge, edges: readonly Edge[]): Press[] {
    const knownMs = edges.at(-1)?.atMs ?? now.atMs;
    return this.#recogniser.feed(this.#debouncer.feed(now, edges), knownMs);
  }
}
