import assert from 'node:assert/strict';
import { it } from 'node:test';
import { goThroughTroubles, TROUBLES } from './troubles.js';
import { World } from './world.js';

/** A number that became larger, a list that is longer: not one object for each of the conversations, which are a hundred. */
const FEW = 10;

it('no object is left of a conversation, of a fault, or of a part that was lost', async (test) => {
  const world = new World({});
  await world.start();
  // In the first round caches fill.
  const before = await goThroughTroubles(world);
  const after = await goThroughTroubles(world);
  test.diagnostic(`${before} objects, ${after} after ${2 * TROUBLES.length} conversations`);
  assert.ok(Math.abs(after - before) <= FEW, `${after - before} objects are left`);
  await world.stop();
});
