import { AudioError, messageOf } from '../errors.js';
import { decodeSound } from './decode-sound.js';
import type { Sound } from './voice.js';

/** A quarter of an hour of MP3 at 192 kbit/s, or two minutes of stereo WAV. */
const MAX_BYTES = 20_000_000;
const LIMIT_MS = 15_000;

/**
 * The sound at an http or https address: WAV, MP3 or Ogg. Redirects are followed; no credentials are sent, ours or the
 * address's own. Throws AudioError for another scheme, an answer that is not 2xx, more than 20 MB, more than 15 s, and
 * what is no sound.
 */
export async function fetchSound(address: string, signal: AbortSignal): Promise<Sound> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AudioError('the sound has no http or https address');
  }
  if (url.username !== '' || url.password !== '') throw new AudioError('the address of the sound carries a password');
  const name = `the sound at ${url.host}`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  let bytes: Uint8Array;
  try {
    const response = await fetch(url, { signal: limit, credentials: 'omit' });
    if (!response.ok) {
      await response.body?.cancel();
      throw new AudioError(`HTTP ${response.status}`);
    }
    bytes = await read(response);
  } catch (error) {
    const why = limit.aborted && !signal.aborted ? `it took longer than ${LIMIT_MS / 1000} s` : causeOf(error);
    throw new AudioError(`${name} cannot be fetched: ${why}`, { cause: error });
  }
  return decodeSound(bytes, name);
}

async function read(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new AudioError(`it is longer than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `fetch` hides the cause in its error. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}
