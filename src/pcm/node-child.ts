/**
 * Flags for a Node process that lives for years and makes little garbage: V8's young generation stays at 1 MB instead of
 * growing to 16 MB, and one thread beside the main one compiles and collects. Those who start the program itself
 * (package.json, systemd/) say the same.
 */
export const LEAN_NODE: readonly string[] = ['--max-semi-space-size=1', '--v8-pool-size=1'];

/** The same for a thread: V8 counts three half-spaces. */
export const LEAN_THREAD = { maxYoungGenerationSizeMb: 3 } as const;
