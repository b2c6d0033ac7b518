import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AudioError, messageOf } from '../errors.js';
import { readWav } from '../pcm/wav.js';

const run = promisify(execFile);

/** A US voice that PocketSphinx understands; it does not understand espeak-ng's. */
const VOICE = 'slt';
const LIMIT_MS = 20_000;

/**
 * Words spoken by flite, as 16 kHz samples; `folder` is for the file it makes. Throws AudioError when flite is not
 * there or fails, and whatever aborts the signal.
 */
export async function speak(words: string, folder: string, signal: AbortSignal): Promise<Int16Array> {
  const path = join(folder, 'words.wav');
  try {
    await run('flite', ['-voice', VOICE, '-t', words, '-o', path], { timeout: LIMIT_MS, signal });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new AudioError('flite is not installed: apt-get install flite', { cause: error });
    }
    throw new AudioError(`flite did not speak: ${messageOf(error)}`, { cause: error });
  }
  return (await readWav(path)).samples;
}
