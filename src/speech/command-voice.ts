import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AudioError, messageOf } from '../errors.js';
import { leash } from '../pcm/leash.js';
import { parseWav } from '../pcm/wav.js';
import type { Sound, Voice } from './voice.js';

/** How a program is asked to speak. */
export interface CommandVoiceOptions {
  name: string;
  command: string;
  args: (files: VoiceFiles) => readonly string[];
  /**
   * `pipes`: the text comes on its standard input and the WAV goes to its standard output. `files`: flite seeks in what it
   * writes, and opens its input by name, which Node's pipes do not allow.
   */
  by: 'pipes' | 'files';
  /** What to do when the program is not there. */
  remedy: string;
}

/** The files of a program that wants files; '' where it does not. */
interface VoiceFiles {
  text: string;
  sound: string;
}

/** A text is some 4,000 characters at most, which a slow voice on a small computer says within this. */
const LIMIT_MS = 60_000;
/** Ten minutes at 48 kHz. */
const MAX_BYTES = 60_000_000;
const LAST_WORDS = 300; // characters of what a failed program said that are shown

/** A voice that is a program of its own, started for each text and ended with the signal. */
export class CommandVoice implements Voice {
  readonly name: string;
  readonly #options: CommandVoiceOptions;

  constructor(options: CommandVoiceOptions) {
    this.#options = options;
    this.name = options.name;
  }

  async say(text: string, signal: AbortSignal): Promise<Sound> {
    const { by, name } = this.#options;
    if (by === 'pipes') return parseWav(await this.#run({ text: '', sound: '' }, text, signal), `what ${name} said`);
    const folder = await mkdtemp(join(tmpdir(), 'tars-speech-'));
    try {
      const files = { text: join(folder, 'text'), sound: join(folder, 'said.wav') };
      await writeFile(files.text, text);
      await this.#run(files, text, signal);
      const wav = await readFile(files.sound).catch((error: unknown) => {
        throw new AudioError(`${name} wrote no sound: ${messageOf(error)}`, { cause: error });
      });
      return parseWav(wav, `what ${name} said`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #run(files: VoiceFiles, text: string, signal: AbortSignal): Promise<Buffer> {
    const { name, remedy } = this.#options;
    const [command, args] = leash(this.#options.command, this.#options.args(files));
    // A group of its own, so that what a shell starts ends with it.
    const child = spawn(command, args, { stdio: 'pipe', detached: true });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let lastWords = '';
    let failure: string | undefined;
    const end = (why: string) => {
      failure ??= why;
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid);
    };
    const onAbort = () => end(`${name} was interrupted`);
    const timer = setTimeout(
      () => end(`${name} did not finish within ${LIMIT_MS / 1000} s; use a faster voice`),
      LIMIT_MS,
    );
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) end(`${name} made more than ${MAX_BYTES} bytes of sound`);
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      lastWords = `${lastWords}${chunk}`.slice(-LAST_WORDS);
    });
    // A program that does not read its input to the end is judged by how it ends.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${text}\n`);
    return new Promise<Buffer>((resolve, reject) => {
      child.once('error', (error) => {
        reject(new AudioError(`${name} did not start: ${messageOf(error)}; ${remedy}`, { cause: error }));
      });
      child.once('close', (code, endedBy) => {
        if (failure === undefined && code === 0) return resolve(Buffer.concat(chunks));
        const how = endedBy ? `was ended by ${endedBy}` : `ended with code ${code}`;
        const said = lastWords.replace(/\p{C}+/gu, ' ').trim();
        return reject(new AudioError(failure ?? `${name} ${how}${said === '' ? '' : `: ${said}`}; ${remedy}`));
      });
    }).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It ended in this very moment.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
