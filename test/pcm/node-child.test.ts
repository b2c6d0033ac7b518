import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { LEAN_NODE } from '../../src/pcm/node-child.js';

for (const file of ['package.json', 'systemd/tars-client.service', 'systemd/tars-client-user.service']) {
  it(`${file} starts the program with the flags of its children`, () => {
    const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
    assert.ok(text.includes(`node ${LEAN_NODE.join(' ')} dist/src/main.js`));
  });
}
