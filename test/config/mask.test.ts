import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { masked, maskUrl } from '../../src/config/mask.js';

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

test('masked: only the address of the server is changed', () => {
  assert.equal(masked('server.url', 'ws://h/?a=b'), 'ws://h/?a=***');
  assert.equal(masked('server.token_file', '/a?b=c'), '/a?b=c');
  assert.equal(masked('server.url', 3), 3);
});
