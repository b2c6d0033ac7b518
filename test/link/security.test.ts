import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { describe, it } from 'node:test';
import { displayUrl, isPrivateAddress, maskToken, privateLookup } from '../../src/link/security.js';

describe('isPrivateAddress', () => {
  it('knows what is near', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1']) {
      assert.ok(isPrivateAddress(address), address);
    }
    for (const address of ['169.254.3.4', '::1', 'fd12::1', 'fe80::1', 'fe80::1%eth0', '::ffff:192.168.1.1']) {
      assert.ok(isPrivateAddress(address), address);
    }
  });

  it('knows what is not', () => {
    for (const address of ['8.8.8.8', '172.15.0.1', '172.32.0.1', '192.169.0.1', '100.64.0.1', '11.0.0.1', '0.0.0.0']) {
      assert.equal(isPrivateAddress(address), false, address);
    }
    for (const address of ['2001:db8::1', '::ffff:8.8.8.8', 'localhost', '']) {
      assert.equal(isPrivateAddress(address), false, address);
    }
  });
});

describe('privateLookup', () => {
  const answering = (...addresses: string[]): LookupFunction => {
    return (_host, options, callback) => {
      if (options.all)
        callback(
          null,
          addresses.map((address) => ({ address, family: 4 })),
        );
      else callback(null, addresses[0] ?? '', 4);
    };
  };
  const codeOf = (lookup: LookupFunction, all: boolean) =>
    new Promise((resolve) => privateLookup(lookup)('tars.test', { all }, (error) => resolve(error?.code)));

  it('lets private addresses pass', async () => {
    assert.equal(await codeOf(answering('192.168.1.2'), false), undefined);
    assert.equal(await codeOf(answering('192.168.1.2', '10.0.0.1'), true), undefined);
  });

  it('refuses a name with any public address', async () => {
    assert.equal(await codeOf(answering('8.8.8.8'), false), 'PLAINTEXT_REFUSED');
    assert.equal(await codeOf(answering('192.168.1.2', '8.8.8.8'), true), 'PLAINTEXT_REFUSED');
  });
});

describe('what is shown', () => {
  it('masks user, password and the values of the query', () => {
    const shown = displayUrl(new URL('wss://me:secret@host:1/p?token=abc&token=def&x=1'));
    assert.equal(shown, 'wss://***:***@host:1/p?token=***&x=***');
    assert.equal(displayUrl(new URL('ws://host:7456/')), 'ws://host:7456/');
  });

  it('masks the token wherever it stands', () => {
    assert.equal(maskToken('a t/k b t%2Fk t/k', 't/k'), 'a *** b *** ***');
    assert.equal(maskToken('nothing', undefined), 'nothing');
    assert.equal(maskToken('nothing', ''), 'nothing');
  });
});
