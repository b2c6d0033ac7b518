import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { pageCheck } from '../../src/doctor/page.js';

it('the doctor says who reaches the status page, and why nobody does', async (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'tars-page-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const token_file = join(folder, 'token');
  writeFileSync(token_file, 'a-token-of-this-test');
  const look = async (page: object) => {
    const settings = { enabled: true, listen: '127.0.0.1:8137', token_file: '', names: [], ...page };
    return pageCheck(settings).run(new AbortController().signal);
  };
  assert.deepEqual(await look({ enabled: false }), []);
  assert.match(JSON.stringify(await look({})), /"ok".*for this machine alone, without a token/);
  assert.match(
    JSON.stringify(await look({ listen: '0.0.0.0:1', token_file })),
    /"ok".*OPEN TO THE NETWORK, with a token/,
  );
  assert.match(JSON.stringify(await look({ listen: '0.0.0.0:1' })), /"warning".*not served: .*needs a token/);
});
