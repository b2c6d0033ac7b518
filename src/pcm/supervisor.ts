import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';

/** How one life of a supervised child ended. */
export interface LifeEnd {
  /** For a person. */
  why: string;
  /** True when the device had been working. */
  wasReady: boolean;
}

/** What `supervise` needs. */
export interface SuperviseOptions {
  /** Runs one life, from the start of a child to the certainty that it is gone; must end when the signal aborts. */
  life: (signal: AbortSignal) => Promise<LifeEnd>;
  /** Called after each life that ended by itself. */
  onLost: (end: LifeEnd) => void;
  signal: AbortSignal;
  clock: Clock;
  /** @default RESTART_DELAYS_MS */
  delaysMs?: readonly number[];
}

/**
 * Pauses before a restart, in milliseconds: none after a device that had worked for a while, then longer. At most 2 s, so that a
 * device plugged in again is found within 3 s.
 */
export const RESTART_DELAYS_MS: readonly number[] = [0, 250, 500, 1000, 2000];

/** A device that works for less is not worth a restart without a pause: it would be restarted without an end. */
const STABLE_MS = 500;

/** Starts life after life until the signal aborts; resolves when the last one is over. */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const { life, onLost, signal, clock, delaysMs = RESTART_DELAYS_MS } = options;
  let failures = 0;
  while (!signal.aborted) {
    const beganAtMs = clock.nowMs();
    const end = await life(signal).catch((error: unknown) => ({ why: messageOf(error), wasReady: false }));
    if (signal.aborted) return;
    failures = end.wasReady && clock.nowMs() - beganAtMs >= STABLE_MS ? 0 : failures + 1;
    onLost(end);
    const delayMs = delaysMs[Math.min(failures, delaysMs.length - 1)] ?? 0;
    await pause(delayMs, signal, clock);
  }
}

/** Resolves after a time, or at once when the signal aborts. */
export function pause(delayMs: number, signal: AbortSignal, clock: Clock): Promise<void> {
  if (delayMs <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.setTimeout(finish, delayMs);
    signal.addEventListener('abort', finish);
  });
}
