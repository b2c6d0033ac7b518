import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';

/** How one life of a supervised child ended. */
export interface LifeEnd {
  /** For a person. */
  why: string;
  /** For so long the device had been working, in milliseconds; undefined where it never did. */
  workedMs: number | undefined;
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
  /**
   * Looks, at little cost, for what could make the next life work. After some failures, and while it gives the same answer,
   * lives are `QUIET_MS` apart; another answer begins the next one. Undefined: it cannot tell, and lives follow as usual.
   */
  look?: () => string | undefined;
}

/**
 * Pauses before a restart, in milliseconds: none after a device that had worked for a while, then longer. At most 1 s, so that a
 * device plugged in again is used within 3 s also where its child takes two to open it.
 */
export const RESTART_DELAYS_MS: readonly number[] = [0, 250, 500, 1000, 1000];

/** A machine without any sound device starts a child so rarely. */
const QUIET_MS = 30_000;
/** How often it is looked at meanwhile: much less than the 3 s within which a device is found. */
const LOOK_MS = 500;

/** A device that works for less is not worth a restart without a pause: it would be restarted without an end. */
const STABLE_MS = 500;

/** Starts life after life until the signal aborts; resolves when the last one is over. */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const { life, onLost, signal, clock, delaysMs = RESTART_DELAYS_MS, look = () => undefined } = options;
  let failures = 0;
  while (!signal.aborted) {
    const seen = look();
    const end = await life(signal).catch((error: unknown) => ({ why: messageOf(error), workedMs: undefined }));
    if (signal.aborted) return;
    failures = (end.workedMs ?? 0) >= STABLE_MS ? 0 : failures + 1;
    onLost(end);
    if (seen !== undefined && failures >= delaysMs.length) {
      if (await hasChanged(() => look() !== seen, signal, clock)) failures = 0;
      continue;
    }
    await pause(delaysMs[Math.min(failures, delaysMs.length - 1)] ?? 0, signal, clock);
  }
}

/** Looks again and again; false when the quiet time is over or the signal aborts. */
async function hasChanged(isOther: () => boolean, signal: AbortSignal, clock: Clock): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < QUIET_MS && !signal.aborted; waitedMs += LOOK_MS) {
    await pause(LOOK_MS, signal, clock);
    if (isOther()) return true;
  }
  return false;
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
