import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Access } from '../../src/page/access.js';

const TOKEN = 'a token of this test';
const local = () => new Access({ host: '127.0.0.1', machineName: 'kitchen', names: [], token: undefined });
const open = (names: readonly string[] = []) =>
  new Access({ host: '0.0.0.0', machineName: 'Kitchen', names, token: TOKEN });

describe('the name that a request was sent to', () => {
  it('on the loopback is one of the loopback alone', () => {
    for (const host of ['localhost:8137', '127.0.0.1:8137', '[::1]:8137', 'LOCALHOST', 'localhost.:9']) {
      assert.ok(local().isForUs({ host }), host);
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      'kitchen',
      '192.168.1.5',
      '127.0.0.1.nip.io',
      '',
      'a b',
    ]) {
      assert.ok(!local().isForUs({ host }), host);
    }
    assert.ok(!local().isForUs({}));
  });

  it('on the network is an address, a name of this machine, or one that is configured', () => {
    for (const host of ['192.168.1.5:8137', '[fd00::5]:8137', 'kitchen:8137', 'kitchen.local', 'localhost']) {
      assert.ok(open().isForUs({ host }), host);
    }
    for (const host of ['evil.example', 'kitchen.evil.example', 'tars.example.org']) {
      assert.ok(!open().isForUs({ host }), host);
    }
    assert.ok(open(['tars.example.org']).isForUs({ host: 'TARS.example.org' }));
  });
});

describe('the page that a request comes from', () => {
  it('is this one, with or without a proxy', () => {
    assert.ok(local().isFromUs({ host: 'localhost:8137', origin: 'http://localhost:8137' }));
    assert.ok(open().isFromUs({ host: 'tars.example.org', origin: 'https://tars.example.org' }));
  });

  it('is no other one, nor none, nor one without a name', () => {
    for (const origin of ['http://localhost:3000', 'http://evil.example', 'null', undefined]) {
      assert.ok(!local().isFromUs({ host: 'localhost:8137', origin }), origin);
    }
  });
});

describe('the token', () => {
  it('is asked for where there is one', () => {
    assert.ok(local().isAllowed({}));
    assert.ok(!open().isAllowed({}));
    assert.ok(!open().isAllowed({ authorization: `Bearer ${TOKEN}` }), 'a bearer token has no spaces');
    const access = new Access({ host: '0.0.0.0', machineName: 'k', names: [], token: 'a-token-of-this-test' });
    assert.ok(access.isAllowed({ authorization: 'bearer a-token-of-this-test' }));
    for (const authorization of ['Bearer a-token-of-this-tes', 'Bearer ', 'Basic a-token-of-this-test']) {
      assert.ok(!access.isAllowed({ authorization }), authorization);
    }
  });

  it('buys a cookie, which is not the token and of no use for another one', () => {
    const cookie = open().cookieFor(TOKEN, { origin: 'http://kitchen' }) ?? '';
    assert.match(cookie, /; HttpOnly; SameSite=Strict$/);
    assert.match(open().cookieFor(TOKEN, { origin: 'https://kitchen' }) ?? '', /; HttpOnly; SameSite=Strict; Secure$/);
    assert.ok(!cookie.includes(TOKEN));
    const pair = cookie.split(';')[0] ?? '';
    assert.ok(open().isAllowed({ cookie: `other=1; ${pair}` }));
    const changed = new Access({ host: '0.0.0.0', machineName: 'k', names: [], token: 'another token entirely' });
    assert.ok(!changed.isAllowed({ cookie: pair }));
    assert.ok(!open().isAllowed({ cookie: 'tars_page=' }));
    assert.ok(open().isAllowed({ cookie: `${'a;'.repeat(8_000)}${pair}` }));
    assert.ok(open().isAllowed({ cookie: `tars_page=old; ${pair}` }));
    assert.ok(!open().isAllowed({ cookie: `${'tars_page=guess;'.repeat(4)}${pair}` }), 'a few guesses are looked at');
    assert.equal(open().cookieFor('a guess', {}), undefined);
    assert.equal(local().cookieFor('', {}), undefined);
  });
});
