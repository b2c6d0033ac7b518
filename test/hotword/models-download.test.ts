import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HotwordError } from '../../src/errors.js';
import { download } from '../../src/hotword/models-download.js';
import { type ServedFile, surroundings } from '../helpers/file-server.js';

const SIZE = 300_000;
const BYTES = randomBytes(SIZE);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

const now = surroundings();

interface Changes {
  signal?: AbortSignal;
  onProgress?: (bytes: number) => void;
  stallMs?: number;
  folder?: string;
}

/** Serves a file in some way and downloads it. */
function get(served: Partial<ServedFile> = {}, changes: Changes = {}): Promise<void> {
  now.server.files.set('m.onnx', { bytes: BYTES, ...served });
  const { signal } = new AbortController();
  const url = now.server.url('m.onnx');
  const onProgress = () => now.server.cut();
  const { folder } = now;
  return download({ url, folder, file: 'm.onnx', sizeBytes: SIZE, sha256: SHA256, signal, onProgress, ...changes });
}

/** Rejects with a sentence of this kind, and there is no file under the model's name. */
async function fails(attempt: Promise<void>, message: RegExp, isRetryable = false): Promise<void> {
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof HotwordError, String(error));
    assert.match(error.message, message);
    assert.equal(error.retryable, isRetryable);
    return true;
  });
  assert.ok(!existsSync(join(now.folder, 'm.onnx')));
}

function isComplete(): void {
  assert.ok(readFileSync(join(now.folder, 'm.onnx')).equals(BYTES));
  assert.deepEqual(readdirSync(now.folder).sort(), ['SHA256SUMS', 'm.onnx']);
}

function keepsPart(bytes: Buffer): void {
  writeFileSync(join(now.folder, 'm.onnx.part'), bytes);
}

describe('a download', () => {
  it('has its name when it is complete and right, and its hash is noted', async () => {
    const progress: number[] = [];
    await get({}, { onProgress: (bytes) => progress.push(bytes) });
    isComplete();
    assert.equal(progress.at(-1), SIZE);
    assert.equal(readFileSync(join(now.folder, 'SHA256SUMS'), 'utf8'), `${SHA256}  m.onnx\n`);
  });

  it('makes the folder, and follows where the server sends it', async () => {
    now.server.files.set('elsewhere', { bytes: BYTES });
    const inner = join(now.folder, 'a', 'b');
    await get({ redirect: 'elsewhere' }, { folder: inner });
    assert.ok(readFileSync(join(inner, 'm.onnx')).equals(BYTES));
  });

  it('goes on where an attempt before has ended', async () => {
    keepsPart(BYTES.subarray(0, 100_000));
    await get();
    isComplete();
    assert.deepEqual(now.server.requests, ['m.onnx bytes=100000-']);
  });

  it('begins anew where the server knows no ranges', async () => {
    keepsPart(BYTES.subarray(0, 100_000));
    await get({ hasRanges: false });
    isComplete();
  });

  it('goes on by itself when the line breaks off, as long as something comes', async () => {
    await get({ cuts: [100_000, 50_000] });
    isComplete();
    const starts = now.server.requests.map((request) => Number(/=(\d+)/.exec(request)?.[1] ?? 0));
    assert.equal(starts.length, 3);
    assert.ok(starts[0] === 0 && Number(starts[1]) > 0 && Number(starts[2]) > Number(starts[1]), starts.join());
  });

  it('needs no server for what is complete already', async () => {
    keepsPart(BYTES);
    await get({ status: 500 });
    isComplete();
    assert.deepEqual(now.server.requests, []);
  });

  it('replaces what an attempt has left of another file', async () => {
    for (const left of [randomBytes(1000), randomBytes(SIZE), randomBytes(SIZE + 1)]) {
      keepsPart(left);
      await get();
      isComplete();
      rmSync(join(now.folder, 'm.onnx'));
    }
  });

  it('begins anew where the server says that there is no such range', async () => {
    keepsPart(BYTES.subarray(0, 100_000));
    await fails(get({ bytes: BYTES.subarray(0, 50_000) }), /50000 of 300000 bytes are kept/, true);
    assert.deepEqual(now.server.requests.slice(0, 2), ['m.onnx bytes=100000-', 'm.onnx']);
  });

  it('that breaks off every time says what is kept, and the next call goes on', async () => {
    await fails(get({ cuts: [40_000, 0] }), /broke off .* bytes are kept, and the same command goes on/, true);
    await get();
    isComplete();
    assert.match(now.server.requests.at(-1) ?? '', /bytes=\d{4,}-/);
  });

  it('that ends too early without a word is not taken for whole', async () => {
    const file = { bytes: BYTES.subarray(0, 200_000), isUnmeasured: true };
    await fails(get(file), /broke off \(the connection ended too early\); 200000 of 300000 bytes/, true);
  });

  it('with another hash is not kept', async () => {
    await fails(get({ bytes: randomBytes(SIZE) }), /is not the file of the release: its SHA-256 is [0-9a-f]{64}, not/);
    assert.deepEqual(readdirSync(now.folder), []);
  });

  it('with another hash, on a line that breaks off each time, ends after five attempts', async () => {
    keepsPart(randomBytes(100_000));
    const cuts = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? SIZE : 100_000));
    const onProgress = (bytes: number) => {
      if (bytes === 100_000) now.server.cut();
    };
    await fails(get({ bytes: randomBytes(SIZE), cuts }, { onProgress }), /is not the file of the release/);
    assert.deepEqual(
      now.server.requests.map((request) => request.split(' ')[1] ?? 'whole'),
      ['bytes=100000-', 'whole', 'bytes=100000-', 'whole', 'bytes=100000-'],
    );
    assert.deepEqual(readdirSync(now.folder), []);
  });

  it('that is longer than it may be ends at once and is not kept', async () => {
    const file = { bytes: Buffer.concat([BYTES, BYTES]), isUnmeasured: true };
    await fails(get(file), /has more than the 300000 bytes of the release/);
    assert.deepEqual(readdirSync(now.folder), []);
  });

  it('that the server refuses says how', async () => {
    await fails(get({ status: 404 }), /m\.onnx answers 404 Not Found; .*--from DIR/);
    await fails(get({ status: 503 }), /answers 503/);
  });

  it('from a server that is not there says why', async () => {
    now.server.files.clear();
    const url = now.server.url('m.onnx');
    await now.server.close();
    const { signal } = new AbortController();
    const { folder } = now;
    const attempt = download({ url, folder, file: 'm.onnx', sizeBytes: SIZE, sha256: SHA256, signal });
    await fails(attempt, /cannot be had \(.*ECONNREFUSED.*\); look at the network/, true);
  });

  it('in which nothing comes any more ends after five attempts', async () => {
    await fails(
      get({ stallsAfter: 10_000 }, { stallMs: 100 }),
      /broke off \(nothing came for 0\.1 s\); 50000 of/,
      true,
    );
  });

  it('that is stopped keeps what is here', async () => {
    const stop = new AbortController();
    const onProgress = (bytes: number) => {
      if (bytes >= 10_000) stop.abort();
    };
    await fails(get({ stallsAfter: 10_000 }, { signal: stop.signal, onProgress }), /broke off \(stopped\)/, true);
  });

  it('for which there is no room says so', async () => {
    symlinkSync('/dev/full', join(now.folder, 'm.onnx.part'));
    await fails(get(), /ENOSPC.*there is no room left: free some/);
  });

  it('into a folder that cannot be made names it', async () => {
    const file = join(now.folder, 'file');
    writeFileSync(file, '');
    await fails(get({}, { folder: join(file, 'models') }), /file\/models: ENOTDIR.*front_end_dir/);
  });
});
