import type { Situation } from './engine.js';

/** Who listens to the microphone for the router. What it hears it tells elsewhere, and perhaps a little later. */
export interface Ear {
  /** Takes mono samples, in order; copies what it keeps. Never throws for the engine. */
  feed(samples: Int16Array): void;
  /**
   * Forgets what was heard so far: nothing that ended before is told any more. `position` is that of the next sample,
   * for a caller that left some out; it never goes back.
   */
  reset(position?: number): void;
  /** Nothing is told until the next `reset`, and nothing is fed. */
  rest(): void;
  /** When it listens from now on: within a reply stricter thresholds may hold. */
  during(situation: Situation): void;
}
