import type { IncomingHttpHeaders } from 'node:http';

/** The longest wish that is obeyed: a wrong header must not silence a device for good. */
const MAX_MS = 10 * 60 * 1000; // 10 minutes

/**
 * How long the server asks to be left alone, by its Retry-After header (RFC 9110 §10.2.3: seconds, or a date), at most
 * 10 minutes. `undefined` without a header that can be understood. A date is compared with the answer's own Date where
 * there is one, because a device's clock may be wrong.
 */
export function retryAfterMs(headers: IncomingHttpHeaders, nowMs: number): number | undefined {
  const value = headers['retry-after']?.trim();
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, MAX_MS);
  const untilMs = Date.parse(value);
  if (Number.isNaN(untilMs)) return undefined;
  const sentMs = Date.parse(headers.date ?? '');
  return Math.min(Math.max(0, untilMs - (Number.isNaN(sentMs) ? nowMs : sentMs)), MAX_MS);
}
