import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readSecret } from '../../src/config/secret.js';
import { ConfigError } from '../../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'tars-secret-'));
after(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const file = join(folder, 'token');
  writeFileSync(file, text);
  return file;
}

test('readSecret: the text without white space around it', () => {
  assert.equal(readSecret('server.token_file', fileWith('  abc-DEF_123==\r\n')), 'abc-DEF_123==');
});

test('readSecret: no file, no secret', () => {
  assert.equal(readSecret('server.token_file', ''), undefined);
});

test('readSecret: a secret in the place of the path is not told', () => {
  const secret = 'aB3xLm2Nn3Op4Q7890';
  assert.throws(
    () => readSecret('server.token_file', join(folder, secret)),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(
        error.message,
        /\*\*\* cannot be read: .*names a file that holds the secret, and is not the secret itself/,
      );
      assert.doesNotMatch(`${error.message}${String(error.cause)}`, new RegExp(secret));
      return true;
    },
  );
});

for (const { name, text, message } of [
  { name: 'an empty file', text: ' \n', message: /server\.token_file: .*token is empty/ },
  {
    name: 'two lines',
    text: 'hush\nhush\n',
    message: /server\.token_file: .*token must hold the secret alone, on one line/,
  },
  { name: 'characters no header can carry', text: 'hush\u00e9', message: /plain ASCII/ },
]) {
  test(`readSecret: ${name} is refused, and not quoted`, () => {
    assert.throws(
      () => readSecret('server.token_file', fileWith(text)),
      (error) => error instanceof ConfigError && message.test(error.message) && !error.message.includes('hush'),
    );
  });
}

test('readSecret: a file that is not there is named', () => {
  const file = join(folder, 'absent');
  assert.throws(
    () => readSecret('server.token_file', file),
    (error) => error instanceof ConfigError && error.message.startsWith(`server.token_file: ${file} cannot be read`),
  );
});
