import { parseWav } from '../pcm/wav.js';
import type { Sound } from './voice.js';

/** The sound of a file's bytes. Throws AudioError naming the sound and what is wrong with it. */
export async function decodeSound(bytes: Uint8Array, name: string): Promise<Sound> {
  return parseWav(bytes, name);
}
