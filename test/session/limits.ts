import type { SessionLimits } from '../../src/session/events.js';

/** Durations for a machine under test. */
export const LIMITS: SessionLimits = {
  connectGraceMs: 3_000,
  turnLimitMs: 60_000,
  idleLimitMs: 30_000,
  replyStallMs: 8_000,
  replyLimitMs: 300_000,
  drainLimitMs: 100_000,
  settleMs: 300,
};
