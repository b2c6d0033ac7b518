import { after, before } from 'node:test';
import { missingPrograms } from './processes.js';
import { SOUND_PROGRAMS, VirtualSound } from './virtual-sound.js';

/**
 * One virtual sound for all tests of a file, started before the first. This process's environment becomes its own, because
 * backends hand that to their children. `skip` says what is missing where it cannot be had, and needs to be the suites'.
 */
export function sharedSound(...programs: readonly string[]): { sound: VirtualSound; skip: string | false } {
  const missing = missingPrograms([...SOUND_PROGRAMS, ...programs]);
  const skip = missing.length > 0 && `needs ${missing.join(', ')}: run ./setup.sh --test`;
  const sound = new VirtualSound();
  before(async () => {
    if (skip) return;
    await sound.start();
    Object.assign(process.env, sound.env);
  });
  after(() => sound.close());
  return { sound, skip };
}
