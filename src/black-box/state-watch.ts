import type { Clock, Timer } from '../clock.js';
import type { Journal } from '../log.js';
import type { SessionLimits } from '../session/events.js';

/** Beyond a state's limit: what the machine itself may be late by on a busy device. */
const OVERDUE_AFTER_MS = 2_000;

/** How long the device may be in each state; the other states may last for ever. In milliseconds. */
export function limitsOfStates(limits: SessionLimits): ReadonlyMap<string, number> {
  return new Map([
    ['hotwordDetected', limits.connectGraceMs],
    ['announcement', limits.drainLimitMs],
    ['activeSession.userTurn', limits.turnLimitMs],
    ['activeSession.reply', limits.replyLimitMs],
    ['activeSession.draining', limits.drainLimitMs],
  ]);
}

/** Options of `StateWatch`. */
export interface StateWatchOptions {
  /** By the state's name, in milliseconds. */
  limits: ReadonlyMap<string, number>;
  journal: Journal;
  clock: Clock;
}

/**
 * Stands beside the machine and trusts nothing in it but its word that a state was entered: a state that lasts 2 s
 * longer than its limit is told once, as `state.overdue`.
 */
export class StateWatch {
  readonly #options: StateWatchOptions;
  readonly #unwatch: () => void;
  #timer: Timer | undefined;
  #overdue: string | undefined;

  constructor(options: StateWatchOptions) {
    this.#options = options;
    this.#unwatch = options.journal.watch((entry) => {
      if (entry.event === 'state.changed') this.#enter(entry.fields.to);
    });
  }

  /** The present state's name where it is overdue. */
  get overdueState(): string | undefined {
    return this.#overdue;
  }

  /** Ends the watch. May be called twice. */
  close(): void {
    this.#unwatch();
    this.#disarm();
  }

  #enter(state: string): void {
    this.#disarm();
    const { limits, clock, journal } = this.#options;
    const limitMs = limits.get(state);
    if (limitMs === undefined) return;
    const enteredAtMs = clock.nowMs();
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#overdue = state;
      journal.record('state.overdue', { state, ms: Math.round(clock.nowMs() - enteredAtMs), limitMs });
    }, limitMs + OVERDUE_AFTER_MS);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#overdue = undefined;
  }
}
