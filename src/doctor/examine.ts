import { messageOf } from '../errors.js';
import { type Check, type Finding, failure } from './finding.js';

const LIMIT_MS = 20_000;

/**
 * Runs checks one after the other, and hands on each finding as it comes; returns them all, and at once what there is
 * when the signal aborts. Never throws.
 */
export async function examine(
  checks: readonly Check[],
  tell: (finding: Finding) => void,
  signal: AbortSignal,
): Promise<Finding[]> {
  const all: Finding[] = [];
  for (const check of checks) {
    if (signal.aborted) break;
    for (const finding of await findingsOf(check, signal)) {
      all.push(finding);
      tell(finding);
    }
  }
  return all;
}

async function findingsOf(check: Check, signal: AbortSignal): Promise<Finding[]> {
  const limitMs = check.limitMs ?? LIMIT_MS;
  const limit = new AbortController();
  // Not AbortSignal.timeout: that does not keep the program alive, and a check that never ends may be all there is.
  const timer = setTimeout(() => limit.abort(new Error(`this check did not end within ${limitMs / 1000} s`)), limitMs);
  const until = AbortSignal.any([signal, limit.signal]);
  const cut = new Promise<never>((_, reject) => {
    until.addEventListener('abort', () => reject(until.reason), { once: true });
  });
  try {
    return await Promise.race([check.run(until), cut]);
  } catch (error) {
    return signal.aborted ? [] : [failure(check.subject, messageOf(error))];
  } finally {
    clearTimeout(timer);
  }
}
