import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ConfigError, PageError } from '../../src/errors.js';
import { addressOf, pageToken } from '../../src/page/page-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'tars-page-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string): string {
  const path = join(folder, `token-${text.length}`);
  writeFileSync(path, text);
  return path;
}

const page = (listen: string, token_file = '') => ({ enabled: true, listen, token_file, names: [] });

describe('the address of the page', () => {
  it('is a host and a port, also with IPv6', () => {
    assert.deepEqual(addressOf('127.0.0.1:8137'), { host: '127.0.0.1', port: 8137 });
    assert.deepEqual(addressOf('[::1]:0'), { host: '::1', port: 0 });
  });
});

describe('the token of the page', () => {
  it('need not be on the loopback', () => {
    for (const listen of ['127.0.0.1:1', '127.0.0.2:1', '[::1]:1', 'localhost:1']) {
      assert.equal(pageToken(page(listen)), undefined);
    }
  });

  it('must be elsewhere', () => {
    for (const listen of ['0.0.0.0:1', '[::]:1', '192.168.1.2:1', 'kitchen:1']) {
      assert.throws(
        () => pageToken(page(listen)),
        (error: unknown) => error instanceof PageError && /token_file/.test(error.message),
      );
    }
  });

  it('must be on the loopback too where a proxy leads others there', () => {
    const named = (token_file: string) => ({ ...page('127.0.0.1:1', token_file), names: ['tars.example.org'] });
    assert.throws(() => pageToken(named('')), /page\.names = \["tars\.example\.org"\].*needs a token/);
    assert.equal(pageToken(named(fileWith('0123456789abcdef'))), '0123456789abcdef');
  });

  it('is long enough not to be guessed, and its file can be read', () => {
    assert.equal(pageToken(page('0.0.0.0:1', fileWith('0123456789abcdef\n'))), '0123456789abcdef');
    assert.throws(() => pageToken(page('127.0.0.1:1', fileWith('short'))), /has 5 characters; at least 16/);
    assert.throws(() => pageToken(page('127.0.0.1:1', join(folder, 'none'))), ConfigError);
  });
});
