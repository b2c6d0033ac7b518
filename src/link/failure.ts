import { messageOf } from '../errors.js';
import type { Lane } from './backoff.js';
import { PLAINTEXT_REFUSED } from './security.js';
import type { Loss } from './socket.js';

/** A loss, judged. */
export interface Failure {
  /** The close code, the HTTP status, or 0 where there is neither. */
  code: number;
  lane: Lane;
  /** The server's own wish how long to stay away. */
  atLeastMs?: number;
  /** For a person: the cause and, where there is one, the remedy. */
  reason: string;
}

type Verdict = readonly [reason: string, lane?: Lane];

const STATUSES: Readonly<Record<number, Verdict>> = {
  401: ['the server refused the token (HTTP 401); check server.token_file', 'slow'],
  403: ['the server does not allow this device (HTTP 403); check server.token_file and the rights it gives', 'slow'],
  404: ['there is nothing at this address (HTTP 404); check the path in server.url'],
  426: ['the server wants another protocol (HTTP 426); check server.url and server.protocol'],
  429: ['the server has too many requests (HTTP 429)', 'busy'],
  503: ['the server is not available (HTTP 503)', 'busy'],
};

const CLOSES: Readonly<Record<number, Verdict>> = {
  1000: ['the server closed the connection (1000)'],
  1001: ['the server is going away (1001)'],
  1005: ['the server closed the connection without saying why (1005)'],
  1006: ['the connection broke without a goodbye (1006)'],
  1008: ['the server refuses this device (1008); check server.token_file and what the server allows', 'slow'],
  1009: ['the server found a message too big (1009)'],
  1011: ['the server failed (1011); its own log knows why'],
  1012: ['the server restarts (1012)'],
  1013: ['the server is busy (1013); it may serve another device already', 'busy'],
};

const UNKNOWN_AUTHORITY =
  'the certificate of the server is not signed by an authority that this device knows; ' +
  'for an authority of your own, server.ca_file must hold its certificate (PEM)';
const NOT_TLS = 'the server does not speak TLS as expected; check port and scheme (ws or wss) in server.url';

const ERRORS: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: ['nothing listens there; check that the server runs, and host and port in server.url'],
  ECONNRESET: ['the connection was cut'],
  EPIPE: ['the connection was cut'],
  ENOTFOUND: ['the name of the server is not known; check the host in server.url'],
  EAI_AGAIN: ['the name of the server cannot be resolved now; check the network'],
  ETIMEDOUT: ['the server does not answer; check host and port in server.url, and the network'],
  EHOSTUNREACH: ['there is no way to the server; check the network'],
  ENETUNREACH: ['there is no way to the server; check the network'],
  ENETDOWN: ['the network is down'],
  CERT_HAS_EXPIRED: ["the certificate of the server has expired; renew it, or check this device's clock", 'slow'],
  // Not slow: a Raspberry Pi without a battery starts with an old date and mends it itself within seconds.
  CERT_NOT_YET_VALID: ["the certificate of the server is not valid yet; check this device's clock"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'the certificate of the server is for another name; use a name it holds in server.url',
    'slow',
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: [UNKNOWN_AUTHORITY, 'slow'],
  SELF_SIGNED_CERT_IN_CHAIN: [UNKNOWN_AUTHORITY, 'slow'],
  UNABLE_TO_GET_ISSUER_CERT: [UNKNOWN_AUTHORITY, 'slow'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [UNKNOWN_AUTHORITY, 'slow'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [UNKNOWN_AUTHORITY, 'slow'],
  CERT_SIGNATURE_FAILURE: [UNKNOWN_AUTHORITY, 'slow'],
  ERR_INVALID_CHAR: ['the token holds characters that no HTTP header can carry; check server.token_file', 'slow'],
  EPROTO: [NOT_TLS, 'slow'],
  [PLAINTEXT_REFUSED]: [
    'the token is not sent unencrypted to a host outside the private network; ' +
      'use wss in server.url, or set server.allow_plaintext',
    'slow',
  ],
};

/** Judges a loss: how long to wait before the next dial, and what to tell a person. */
export function classify(loss: Loss): Failure {
  switch (loss.kind) {
    case 'closed':
      return ofClose(loss.code, loss.reason);
    case 'refused':
      return ofStatus(loss);
    case 'failed':
      return ofError(loss.error);
    case 'timeout':
      return failure(0, [
        `the server did not answer within ${seconds(loss.afterMs)}; check server.url and the network`,
      ]);
    case 'silent':
      return failure(0, [`nothing came from the server for ${seconds(loss.silentMs)}; it or the network is gone`]);
    case 'rejected':
      return ofRejection(loss.reason, loss.isLasting);
    case 'stalled':
      return failure(0, [`the server takes nothing any more: ${loss.bufferedBytes} bytes wait to be sent`]);
  }
}

function ofClose(code: number, said: string): Failure {
  const [reason, lane] = CLOSES[code] ?? [`the server closed the connection (${code})`];
  return failure(code, [said === '' ? reason : `${reason}: "${printable(said)}"`, lane ?? 'fast']);
}

function ofRejection(said: string, isLasting: boolean): Failure {
  const remedy = isLasting ? 'check server.token_file and what the server allows' : 'its own log knows why';
  return failure(0, [`the server rejects this device: "${printable(said)}"; ${remedy}`, isLasting ? 'slow' : 'fast']);
}

function ofStatus(loss: Extract<Loss, { kind: 'refused' }>): Failure {
  const { status, retryAfterMs, location } = loss;
  const [known, ownLane] = STATUSES[status] ?? [unknownStatus(status, location)];
  const words = loss.said === '' ? '' : `: "${printable(loss.said)}"`;
  // Behind the cause and in front of the remedy.
  const verdict: Verdict = [known.replace(/\(HTTP \d+\)/, (cause) => `${cause}${words}`), ownLane ?? 'fast'];
  if (retryAfterMs === undefined) return failure(status, verdict);
  const [reason, lane] = verdict;
  // The server's own wish stands instead of the ceiling that is only a guess at it.
  const wished = lane === 'slow' ? 'slow' : 'fast';
  return { ...failure(status, [`${reason}, asks for ${seconds(retryAfterMs)}`, wished]), atLeastMs: retryAfterMs };
}

function unknownStatus(status: number, location: string | undefined): string {
  if (location !== undefined && status >= 300 && status < 400) {
    return `the server redirects (HTTP ${status}), which is not followed; put the final address into server.url`;
  }
  if (status >= 500) return `the server failed (HTTP ${status}); its own log knows why`;
  return `there is no WebSocket at this address (HTTP ${status}); check server.url`;
}

function ofError(error: unknown): Failure {
  const cause = firstOf(error);
  const code = codeOf(cause);
  const known = ERRORS[code];
  if (known !== undefined) return failure(0, [`${known[0]} (${code})`, known[1] ?? 'fast']);
  const said = printable(messageOf(cause));
  if (/^(ERR_SSL_|ERR_TLS_|CERT_|CRL_)/.test(code)) return failure(0, [`TLS failed: ${said} (${code})`, 'slow']);
  if (code.startsWith('WS_ERR_'))
    return failure(violationCode(code), [`the server broke the WebSocket rules: ${said}`]);
  if (code.startsWith('HPE_')) return failure(0, [`the server does not speak HTTP (${code}); check server.url`]);
  return failure(0, [code === '' ? said : `${said} (${code})`]);
}

/** The close code that `ws` answers a violation with. */
function violationCode(code: string): number {
  if (/^WS_ERR_UNSUPPORTED_.*LENGTH$/.test(code)) return 1009;
  if (code === 'WS_ERR_INVALID_UTF8') return 1007;
  return code.startsWith('WS_ERR_TOO_MANY') ? 1008 : 1002;
}

/** A host with several addresses fails with all their errors; the first tells the cause. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** What a stranger said, fit for one line of a log. */
function printable(text: string): string {
  return text.replace(/\p{C}+/gu, ' ').slice(0, 200);
}

function failure(code: number, [reason, lane]: Verdict): Failure {
  return { code, lane: lane ?? 'fast', reason };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
