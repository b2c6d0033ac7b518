import { queryObjects } from 'node:v8';
import { FAULTS } from '../helpers/gemitars-faults.js';
import type { World } from './world.js';

/** Of a trouble, before everything is put in order. */
const THEN_MS = 700;

/** All that goes wrong with a device one after the other: each fault of a server, and each loss of a part. */
export const TROUBLES: readonly ((world: World) => void)[] = [
  ...Object.keys(FAULTS).map((name) => (world: World) => world.fault(name)),
  (world) => world.mute(),
  (world) => world.engineFails(),
  (world) => world.network.server.terminate(),
  (world) => world.speaker.plug(false),
  (world) => {
    world.microphone.isThere = false;
  },
  (world) => {
    world.network.weather = 'hole';
  },
  (world) => world.hurry(),
];

/**
 * A conversation for each trouble, struck by it, and a good one behind it. Returns how many JavaScript objects are alive in
 * this process then.
 */
export async function goThroughTroubles(world: World): Promise<number> {
  for (const strike of TROUBLES) {
    world.hotword();
    await world.time.pass(100);
    strike(world);
    await world.time.pass(THEN_MS);
    await world.heal();
    world.story.length = 0;
  }
  return queryObjects(Object, { format: 'count' });
}
