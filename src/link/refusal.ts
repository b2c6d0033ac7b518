import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.js';

/** A sentence, not a page. */
const MAX_BYTES = 2_048;
/** What a server has not said by now is not waited for: the refusal itself is known. */
const LIMIT_MS = 1_000;

/**
 * What a server says in the body of an answer that is no WebSocket: the `message` or `error` of a JSON object, or a line of plain
 * text; '' where there are no such words. Resolves within 1 s and after 2 KB. Never rejects.
 */
export async function wordsOfRefusal(response: IncomingMessage, clock: Clock): Promise<string> {
  return wordsOf((await beginningOf(response, clock)).toString(), response.headers['content-type'] ?? '');
}

function beginningOf(response: IncomingMessage, clock: Clock): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = () => {
      clock.clearTimeout(timer);
      resolve(Buffer.concat(chunks).subarray(0, MAX_BYTES));
    };
    const timer = clock.setTimeout(done, LIMIT_MS);
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_BYTES) done();
    });
    response.once('end', done);
    // The peer may hang up behind its last word, which is no error of this answer.
    response.once('error', done);
    response.once('close', done);
  });
}

function wordsOf(body: string, contentType: string): string {
  if (contentType.startsWith('text/plain')) return body.trim().split('\n')[0] ?? '';
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return '';
    const { message, error } = value as { message?: unknown; error?: unknown };
    return [message, error].find((words) => typeof words === 'string') ?? '';
  } catch {
    return ''; // a page for a browser, or half a body
  }
}
