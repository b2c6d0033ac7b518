import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify } from '../../src/link/failure.js';
import { retryAfterMs } from '../../src/link/retry-after.js';

const coded = (code: string, message = 'said') => Object.assign(new Error(message), { code });
const refused = (status: number, more: { retryAfterMs?: number; location?: string; said?: string } = {}) =>
  classify({
    kind: 'refused',
    status,
    retryAfterMs: more.retryAfterMs,
    location: more.location,
    said: more.said ?? '',
  });

describe('classify', () => {
  it('puts what a person must mend into the slow lane, with the remedy', () => {
    const cases: [string, ReturnType<typeof classify>, number, RegExp][] = [
      ['401', refused(401), 401, /refused the token \(HTTP 401\); check server\.token_file/],
      ['403', refused(403), 403, /HTTP 403.*server\.token_file/],
      ['1008', classify({ kind: 'closed', code: 1008, reason: '' }), 1008, /1008.*server\.token_file/],
      ['expired', classify({ kind: 'failed', error: coded('CERT_HAS_EXPIRED') }), 0, /expired.*clock/],
      ['own CA', classify({ kind: 'failed', error: coded('SELF_SIGNED_CERT_IN_CHAIN') }), 0, /server\.ca_file/],
      ['other name', classify({ kind: 'failed', error: coded('ERR_TLS_CERT_ALTNAME_INVALID') }), 0, /server\.url/],
      ['revoked', classify({ kind: 'failed', error: coded('CERT_REVOKED') }), 0, /TLS failed: said \(CERT_REVOKED\)/],
      ['not TLS', classify({ kind: 'failed', error: coded('EPROTO') }), 0, /does not speak TLS.*server\.url/],
      ['plaintext', classify({ kind: 'failed', error: coded('PLAINTEXT_REFUSED') }), 0, /wss.*allow_plaintext/],
      ['token', classify({ kind: 'failed', error: coded('ERR_INVALID_CHAR') }), 0, /server\.token_file/],
    ];
    for (const [name, failure, code, reason] of cases) {
      assert.equal(failure.lane, 'slow', name);
      assert.equal(failure.code, code, name);
      assert.match(failure.reason, reason, name);
    }
  });

  it('quotes what the server says, between cause and remedy', () => {
    const { reason } = refused(401, { said: 'Invalid core token\u001b[31m' });
    assert.equal(reason, 'the server refused the token (HTTP 401): "Invalid core token [31m"; check server.token_file');
    assert.match(refused(418, { said: 'no coffee' }).reason, /HTTP 418\): "no coffee"; check server\.url/);
  });

  it('leaves a busy server alone', () => {
    assert.equal(refused(429).lane, 'busy');
    assert.equal(refused(503).lane, 'busy');
    assert.equal(classify({ kind: 'closed', code: 1013, reason: 'Server busy' }).lane, 'busy');
  });

  it('hands on Retry-After', () => {
    const failure = refused(503, { retryAfterMs: 30_000 });
    assert.equal(failure.atLeastMs, 30_000);
    assert.equal(failure.lane, 'fast');
    assert.match(failure.reason, /asks for 30 s/);
    assert.equal(refused(401, { retryAfterMs: 1 }).lane, 'slow');
  });

  it('goes on soon after everything that passes by itself', () => {
    for (const code of [1000, 1001, 1005, 1006, 1011, 1012, 4000]) {
      const failure = classify({ kind: 'closed', code, reason: '' });
      assert.deepEqual([failure.lane, failure.code], ['fast', code]);
      assert.match(failure.reason, new RegExp(String(code)));
    }
    for (const status of [200, 301, 404, 426, 500, 502]) assert.equal(refused(status).lane, 'fast');
    for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'CERT_NOT_YET_VALID', 'E_ELSE']) {
      assert.equal(classify({ kind: 'failed', error: coded(code) }).lane, 'fast');
    }
    assert.match(refused(301, { location: 'http://x/' }).reason, /redirects \(HTTP 301\), which is not followed/);
  });

  it('says what waited and how long', () => {
    assert.match(classify({ kind: 'silent', silentMs: 9_012 }).reason, /for 9 s/);
    assert.match(classify({ kind: 'timeout', afterMs: 10_000 }).reason, /within 10 s/);
    assert.match(classify({ kind: 'stalled', bufferedBytes: 64_001 }).reason, /64001 bytes/);
  });

  it('finds the cause in an error of several addresses, whose own message is empty', () => {
    const error = new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')], '');
    assert.match(classify({ kind: 'failed', error }).reason, /nothing listens there.*ECONNREFUSED/);
  });

  it('keeps what a stranger says on one line', () => {
    const failure = classify({ kind: 'closed', code: 4000, reason: 'a\nb\u001b[31mc' });
    assert.equal(failure.reason, 'the server closed the connection (4000): "a b [31mc"');
  });
});

describe('retryAfterMs', () => {
  const NOW_MS = Date.parse('2020-01-01T00:00:00Z');

  it('reads seconds and dates', () => {
    assert.equal(retryAfterMs({ 'retry-after': '7' }, NOW_MS), 7_000);
    assert.equal(retryAfterMs({ 'retry-after': 'Wed, 01 Jan 2020 00:01:00 GMT' }, NOW_MS), 60_000);
    assert.equal(retryAfterMs({ 'retry-after': 'Tue, 31 Dec 2019 00:00:00 GMT' }, NOW_MS), 0);
  });

  it("takes the server's clock rather than its own", () => {
    const headers = { 'retry-after': 'Wed, 01 Jan 2025 00:01:00 GMT', date: 'Wed, 01 Jan 2025 00:00:00 GMT' };
    assert.equal(retryAfterMs(headers, NOW_MS), 60_000);
  });

  it('obeys for at most 10 minutes', () => {
    assert.equal(retryAfterMs({ 'retry-after': '99999999999' }, NOW_MS), 600_000);
  });

  it('knows nothing where nothing can be understood', () => {
    assert.equal(retryAfterMs({}, NOW_MS), undefined);
    assert.equal(retryAfterMs({ 'retry-after': '-1 soon' }, NOW_MS), undefined);
  });
});
