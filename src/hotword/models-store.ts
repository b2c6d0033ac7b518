import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { HotwordError, messageOf } from '../errors.js';

/** Beside the models, in the form of sha256sum, so that `sha256sum -c SHA256SUMS` checks them without this program. */
const SUMS = 'SHA256SUMS';

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The hashes that the files of a folder had when they were put there: file → SHA-256. */
export async function recordedSums(folder: string): Promise<Map<string, string>> {
  const text = await readFile(join(folder, SUMS), 'utf8').catch((error: unknown) => {
    if (Object(error).code === 'ENOENT') return '';
    throw folderError(folder, error);
  });
  const lines = text.split('\n').map((line) => /^([0-9a-f]{64}) [ *](.+)$/.exec(line));
  return new Map(lines.flatMap((match) => (match?.[1] && match[2] ? [[match[2], match[1]] as const] : [])));
}

/**
 * Gives a complete file its name, and notes its hash. After a power cut there is either the old file or the new one.
 */
export async function settle(part: string, folder: string, file: string, sha256: string): Promise<void> {
  try {
    await flush(part);
    await rename(part, join(folder, file));
    const sums = await recordedSums(folder);
    await writeSums(folder, sums.set(file, sha256));
  } catch (error) {
    throw folderError(folder, error);
  }
}

/** Removes a model, what was begun of it, and its hash. */
export async function removeModel(folder: string, file: string): Promise<void> {
  try {
    await rm(join(folder, file));
    await rm(join(folder, `${file}.part`), { force: true });
    const sums = await recordedSums(folder);
    if (sums.delete(file)) await writeSums(folder, sums);
  } catch (error) {
    throw folderError(folder, error);
  }
}

/** Makes the folder where it is not there. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw folderError(folder, error);
  });
}

/** What is wrong with a folder, in a sentence with the remedy. */
export function folderError(folder: string, error: unknown): HotwordError {
  if (error instanceof HotwordError) return error;
  const remedy =
    Object(error).code === 'ENOSPC'
      ? 'there is no room left: free some, then the same command goes on where it was'
      : 'choose a folder that this user may write with hotword.openwakeword.front_end_dir';
  return new HotwordError(`the folder of the models, ${folder}: ${messageOf(error)}; ${remedy}`, { cause: error });
}

async function writeSums(folder: string, sums: ReadonlyMap<string, string>): Promise<void> {
  const part = join(folder, `${SUMS}.part`);
  const file = await open(part, 'w');
  try {
    await file.writeFile([...sums].map(([name, sha256]) => `${sha256}  ${name}\n`).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, join(folder, SUMS));
  await flush(dirname(part));
}

/** Opened for reading, because that is all that a folder allows; both are written to the disk. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
