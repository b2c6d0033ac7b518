import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { RATE_HZ } from './sound-tap.js';

/** Serves files of sound by their path, until the test ends. */
export async function serve(test: TestContext, files: Readonly<Record<string, Buffer>>): Promise<string> {
  const server = createServer((request, response) => response.end(files[request.url ?? '']));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A WAV file of samples at the rate of the virtual sound. */
export async function wavOf(samples: Int16Array): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-wav-'));
  try {
    await writeWav(join(folder, 'said.wav'), samples, RATE_HZ);
    return await readFile(join(folder, 'said.wav'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
