/**
 * Flags for a Node process that lives for years and makes little garbage: V8's young generation stays at 1 MB instead of
 * growing to 16 MB, one thread beside the main one compiles and collects, and of two ways to compile the smaller one is taken. Those who start the program itself
 * (package.json, systemd/) say the same.
 */
export const LEAN_NODE: readonly string[] = ['--max-semi-space-size=1', '--v8-pool-size=1', '--optimize-for-size'];

/** The same for a thread: V8 counts three half-spaces. */
export const LEAN_THREAD = { maxYoungGenerationSizeMb: 3 } as const;
