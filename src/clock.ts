/** A timer handle; opaque, so that a test's clock may hand out its own. */
export type Timer = object | number;

/** Time as a dependency. The machine, the link and the reply buffer take one, so that tests can own the time. */
export interface Clock {
  /** Milliseconds on a monotonic scale; only differences mean anything. */
  nowMs(): number;
  setTimeout(callback: () => void, delayMs: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** The real time of this process. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
