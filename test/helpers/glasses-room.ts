import type { TestContext } from 'node:test';
import { GlassesCloud } from './glasses-cloud.js';
import { VirtualSound } from './virtual-sound.js';

/** Virtual sound and a glasses cloud for one test; both go away with it. */
export async function glassesRoom(test: TestContext): Promise<{ sound: VirtualSound; cloud: GlassesCloud }> {
  const sound = new VirtualSound();
  const cloud = new GlassesCloud({ generation: 'new' });
  test.after(async () => {
    await cloud.close();
    await sound.close();
  });
  await sound.start();
  await cloud.start();
  return { sound, cloud };
}
