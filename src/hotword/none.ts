import type { HotwordEngine } from './engine.js';

/** Makes the engine of `hotword.engine = "none"`: it hears nothing, so that only a button or the server starts a session. */
export function createNone(): HotwordEngine {
  return {
    name: 'none',
    phrases: [],
    rateHz: 16_000,
    chunkSamples: 1280,
    process: () => undefined,
    reset: () => undefined,
    close: () => undefined,
  };
}
