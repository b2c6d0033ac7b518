import { messageOf } from '../errors.js';
import { type Check, type Finding, failure } from './finding.js';

const LIMIT_MS = 20_000;

/** Runs checks one after the other, and hands on each finding as it comes; returns them all. Never throws. */
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
  const limit = AbortSignal.timeout(limitMs);
  const cut = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`this check did not end within ${limitMs / 1000} s`));
    limit.addEventListener('abort', fail, { once: true });
  });
  try {
    return await Promise.race([check.run(AbortSignal.any([signal, limit])), cut]);
  } catch (error) {
    return signal.aborted ? [] : [failure(check.subject, messageOf(error))];
  }
}
