import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { readCertificates } from '../../src/config/certificates.js';
import { ConfigError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'tars-certificates-'));
after(() => rmSync(folder, { recursive: true }));

const [ONE = '', OTHER = ''] = rootCertificates;

function fileWith(text: string): string {
  const file = join(folder, 'ca.pem');
  writeFileSync(file, text);
  return file;
}

test('readCertificates: every certificate of the file, and nothing else of it', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----';
  const text = readCertificates('server.ca_file', fileWith(`my authority\n${ONE}\n${key}\n${OTHER}\n`));
  assert.equal(text, `${ONE}\n${OTHER}`);
});

test('readCertificates: no file, no certificates', () => {
  assert.equal(readCertificates('server.ca_file', ''), undefined);
});

for (const { name, text, message } of [
  { name: 'an empty file', text: '', message: /server\.ca_file: .*ca\.pem holds no certificate.*PEM/ },
  { name: 'another kind of file', text: '\x30\x82\x01', message: /holds no certificate/ },
  {
    name: 'a damaged certificate behind a good one',
    text: `${ONE}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    message: /certificate 2 in .*ca\.pem is damaged/,
  },
]) {
  test(`readCertificates: ${name} is refused`, () => {
    assert.throws(
      () => readCertificates('server.ca_file', fileWith(text)),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}

test('readCertificates: a file that is not there is named', () => {
  const file = join(folder, 'absent');
  assert.throws(
    () => readCertificates('server.ca_file', file),
    (error) => error instanceof ConfigError && error.message.startsWith(`server.ca_file: ${file} cannot be read`),
  );
});
