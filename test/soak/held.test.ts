import assert from 'node:assert/strict';
import { it } from 'node:test';
import { heldBytes } from './held.js';

it('what a program holds is told from what V8 keeps about it', () => {
  const types = ['hidden', 'array', 'string', 'object', 'code', 'closure', 'object shape'];
  const meta = { node_fields: ['type', 'name', 'self_size'], node_types: [types, 'string', 'number'] };
  const nodes = types.flatMap((_, type) => [type, 0, 10 ** type]);
  assert.equal(heldBytes({ snapshot: { meta }, nodes }), 10 + 100 + 1_000 + 100_000);
});
