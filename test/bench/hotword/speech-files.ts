import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readWav } from '../../../src/pcm/wav.js';
import { writeWav } from '../../../src/pcm/wav-writer.js';
import { RATE_HZ } from '../../helpers/sound-tap.js';
import { concat, silence } from '../../helpers/speech.js';

const run = promisify(execFile);
const FIXTURES = join('test', 'fixtures');
const PAUSE_MS = 700;

/** flite's voices at 16 kHz: a Scot, three Americans, one of them a woman, one of them a machine's. */
const VOICES = ['slt', 'awb', 'rms', 'kal16'];
/** Those that PocketSphinx understands. */
const CLEAR_VOICES = VOICES.slice(0, 3);

/** Everyday text of 1,500 words read by each voice: 30 minutes in one WAV file a voice. */
export async function readAloud(folder: string): Promise<string[]> {
  return Promise.all(
    VOICES.map(async (voice) => {
      const path = join(folder, `reading-${voice}.wav`);
      await flite(['-f', join(FIXTURES, 'reading.txt')], voice, path);
      return path;
    }),
  );
}

/** Words that sound like the phrases, a WAV file a voice, with pauses between them; and how many words there are in all. */
export async function nearWords(folder: string): Promise<{ files: string[]; count: number }> {
  const lines = (await readFile(join(FIXTURES, 'near-words.txt'), 'utf8')).split('\n').filter((line) => line !== '');
  const files = await Promise.all(
    CLEAR_VOICES.map(async (voice) => {
      const path = join(folder, `near-${voice}.wav`);
      const sounds: Int16Array[] = [];
      for (const line of lines) {
        await flite(['-t', line], voice, path);
        sounds.push((await readWav(path)).samples, silence(PAUSE_MS));
      }
      await writeWav(path, concat(...sounds), RATE_HZ);
      return path;
    }),
  );
  return { files, count: files.length * lines.length };
}

/** A phrase said by each clear voice in ten ways: as one breath and with a comma, slowly and fast; a WAV file each. */
export async function phraseBy(phrase: string, folder: string): Promise<string[]> {
  const ways = [phrase, phrase.replace(' ', ', ')].flatMap((text) =>
    [0.8, 0.9, 1, 1.1, 1.25].map((stretch) => ({ text, stretch })),
  );
  const name = phrase.replaceAll(' ', '-');
  return Promise.all(
    CLEAR_VOICES.flatMap((voice) =>
      ways.map(async ({ text, stretch }, i) => {
        const path = join(folder, `${name}_${voice}_${i}.wav`);
        await flite(['-t', text, '--setf', `duration_stretch=${stretch}`], voice, path);
        return path;
      }),
    ),
  );
}

/** Every WAV file in and below a folder. */
export async function wavsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => name.endsWith('.wav'))
    .sort()
    .map((name) => join(folder, name));
}

async function flite(what: readonly string[], voice: string, path: string): Promise<void> {
  await run('flite', ['-voice', voice, ...what, '-o', path], { timeout: 600_000 });
}
