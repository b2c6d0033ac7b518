import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { HotwordError, messageOf } from '../errors.js';
import { folderError, makeFolder, settle, sha256Of } from './models-store.js';

/** Options of `download`. */
export interface DownloadOptions {
  url: string;
  folder: string;
  /** The file's name in the folder. While it is not complete and right it is called `FILE.part`. */
  file: string;
  sizeBytes: number;
  sha256: string;
  signal: AbortSignal;
  /** Told how many bytes are here, often. */
  onProgress?: (bytes: number) => void;
  /** Nothing for so long ends an attempt. @default 30 s */
  stallMs?: number;
  /** @default systemClock */
  clock?: Clock;
}

const STALL_MS = 30_000;
/** A line that breaks off again and again; each attempt must have brought something. */
const MOST_ATTEMPTS = 5;

/**
 * Downloads a file, going on from what an attempt before has left. It gets its name only when it has the size and the
 * SHA-256 that it must have; what has them not is not kept. Throws HotwordError naming the address and the remedy;
 * `retryable` when what is here was kept, so that the same call goes on.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { folder, file, sha256 } = options;
  const part = join(folder, `${file}.part`);
  await makeFolder(folder);
  let isWhole = false;
  for (let attempt = 1; !isWhole; attempt++) {
    const had = await keptBytes(part, options.sizeBytes);
    try {
      await fetchRest(options, part, had);
      const found = await sha256Of(part);
      if (found === sha256) isWhole = true;
      else await refuse(options, part, found, had > 0 && attempt < MOST_ATTEMPTS);
    } catch (error) {
      const isOn = error instanceof HotwordError && error.retryable && !options.signal.aborted;
      const hasGained = (await bytesOf(part)) > had;
      if (!isOn || !hasGained || attempt >= MOST_ATTEMPTS) throw error;
    }
  }
  await settle(part, folder, file, sha256);
}

/** What was kept of another file is no mistake of the server's: then, if it may, another attempt fetches the whole file. */
async function refuse({ url, sha256 }: DownloadOptions, part: string, found: string, mayTryAgain: boolean) {
  await rm(part);
  if (mayTryAgain) return;
  throw new HotwordError(
    `${url} is not the file of the release: its SHA-256 is ${found}, not ${sha256}; nothing was kept. Download it ` +
      'elsewhere and use --from DIR, or look for a newer version of this program',
  );
}

async function fetchRest(options: DownloadOptions, part: string, had: number): Promise<void> {
  const { url, folder, sizeBytes, onProgress, stallMs = STALL_MS, clock = systemClock } = options;
  if (had === sizeBytes) return;
  const stall = new AbortController();
  const stalled = () => stall.abort(new Error(`nothing came for ${stallMs / 1000} s`));
  let timer = clock.setTimeout(stalled, stallMs);
  const signal = AbortSignal.any([options.signal, stall.signal]);
  try {
    const response = await ask(url, had, signal);
    const isRest = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${had}-`);
    let bytes = isRest ? had : 0;
    const file = await open(part, isRest ? 'a' : 'w');
    try {
      for await (const chunk of response.body ?? []) {
        clock.clearTimeout(timer);
        timer = clock.setTimeout(stalled, stallMs);
        bytes += chunk.length;
        if (bytes > sizeBytes) throw new TooLong();
        await file.writeFile(chunk);
        onProgress?.(bytes);
      }
    } finally {
      await file.close();
    }
    if (bytes < sizeBytes) throw new Error('the connection ended too early');
  } catch (error) {
    if (error instanceof HotwordError) throw error;
    if (Object(error).syscall === 'write' || Object(error).syscall === 'open') throw folderError(folder, error);
    if (error instanceof TooLong) {
      await rm(part);
      throw new HotwordError(`${url} has more than the ${sizeBytes} bytes of the release; nothing was kept`);
    }
    throw await brokenOff(options, part, signal.aborted ? signal.reason : error);
  } finally {
    clock.clearTimeout(timer);
  }
}

class TooLong extends Error {}

/** Asks for the file from a byte on; a server that cannot do that sends all of it. */
async function ask(url: string, from: number, signal: AbortSignal): Promise<Response> {
  const range: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  // Compressed, it would have another size.
  const response = await fetch(url, { signal, headers: { 'accept-encoding': 'identity', ...range } });
  if (response.status === 416 && from > 0) {
    await response.body?.cancel();
    return ask(url, 0, signal);
  }
  if (response.ok && response.status !== 204) return response;
  await response.body?.cancel();
  throw new HotwordError(
    `${url} answers ${response.status} ${response.statusText}; try again later, or download it elsewhere and use --from DIR`,
  );
}

async function brokenOff({ url, sizeBytes }: DownloadOptions, part: string, error: unknown): Promise<HotwordError> {
  // fetch says "fetch failed"; the reason is its cause.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const why = Object(cause).name === 'AbortError' ? 'stopped' : messageOf(cause) || String(Object(cause).code);
  const kept = await bytesOf(part);
  if (kept === 0) {
    const remedy = 'look at the network, or download it elsewhere and use --from DIR';
    return new HotwordError(`${url} cannot be had (${why}); ${remedy}`, { cause: error, retryable: true });
  }
  return new HotwordError(
    `${url} broke off (${why}); ${kept} of ${sizeBytes} bytes are kept, and the same command goes on from there`,
    { cause: error, retryable: true },
  );
}

/** How much an attempt before has left. More than the whole is something else, and goes. */
async function keptBytes(part: string, sizeBytes: number): Promise<number> {
  const bytes = await bytesOf(part);
  if (bytes <= sizeBytes) return bytes;
  await rm(part);
  return 0;
}

async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (Object(error).code === 'ENOENT') return 0;
    throw error;
  }
}
