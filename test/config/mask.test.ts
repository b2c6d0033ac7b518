import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { masked, maskFile, maskUrl } from '../../src/config/mask.js';

for (const [url, shown] of [
  ['', ''],
  ['ws://host:7456/path', 'ws://host:7456/path'],
  ['wss://host/?token=abc', 'wss://host/?token=***'],
  ['wss://host/?token=abc&mode=x&flag', 'wss://host/?token=***&mode=***&***'],
  ['wss://host/?a=b=c#part', 'wss://host/?a=***#part'],
  ['wss://host?', 'wss://host?'],
  ['ws://user:pass@host/', 'ws://***@host/'],
  ['ws://pass@host', 'ws://***@host'],
  ['user:p@ss@host/x', '***@host/x'],
  ['ws://host/a@b', 'ws://host/a@b'],
  ['ws://host/?mail=a@b', 'ws://host/?mail=***'],
] as const) {
  test(`maskUrl: ${url}`, () => assert.equal(maskUrl(url), shown));
}

test('maskUrl: no value of a query and no password survives', () => {
  const secret = fc.stringMatching(/^[A-Z0-9_~.-]{8,20}$/);
  fc.assert(
    fc.property(secret, secret, fc.boolean(), (password, token, isBroken) => {
      const url = `ws://user:${password}@host${isBroken ? ':port:' : ''}/path?key=${token}&${token}`;
      const shown = maskUrl(url);
      assert.ok(!shown.includes(password) && !shown.includes(token), shown);
    }),
  );
});

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p';

test('maskFile: what was written in the place of a path is not shown', () => {
  for (const secret of [TOKEN, 'aB3+x/9Kq1Lm2Nn3/Op4Q==', '0123456789abcdef']) {
    assert.equal(maskFile(`/etc/${secret}`), '/etc/***');
    assert.equal(maskFile(secret), '***');
    assert.equal(masked('server.token_file', `/etc/${secret}`), '/etc/***');
  }
});

test('maskFile: a path is shown, whether there is something or not', () => {
  for (const path of [
    '',
    '/nowhere/at/all',
    '/etc/tars-client/credentials/server-token',
    '/etc/core-token',
    process.execPath,
  ]) {
    assert.equal(maskFile(path), path);
  }
});

test('masked: only the address of the server is changed', () => {
  assert.equal(masked('server.url', 'ws://h/?a=b'), 'ws://h/?a=***');
  assert.equal(masked('server.token_file', '/a?b=c'), '/a?b=c');
  assert.equal(masked('server.url', 3), 3);
});
