import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Figure } from '../bench/figures.js';

const MAIN = fileURLToPath(new URL('../bench/main.js', import.meta.url));
const OTHER = fileURLToPath(new URL('../bench/turn/plain-client.js', import.meta.url));

it('npm run bench -- turn --client measures a client that it knows nothing of', async (test) => {
  const folder = await mkdtemp(join(tmpdir(), 'tars-bench-test-'));
  test.after(() => rm(folder, { recursive: true }));
  const json = join(folder, 'figures.json');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [MAIN, 'turn', '--json', json, '--client', `node ${OTHER}`],
    { env: { ...process.env, BENCH_TURNS: '1', BENCH_SECONDS: '0.5' }, timeout: 60_000 },
  );
  assert.match(
    stdout,
    /^\| turn \| first reply byte → first sample \| the client \| [-\d.]+ \| [-\d.]+ \| ms \| 1 \|$/m,
  );
  const { figures } = JSON.parse(await readFile(json, 'utf8')) as { figures: Figure[] };
  const figure = (what: string) => figures.find((row) => row.what.startsWith(what))?.values[0] ?? Number.NaN;
  // It sends what it hears after the end of the tone, in blocks of 20 ms, and plays what it gets at once.
  assert.ok(figure('hotword_detected') >= 0 && figure('hotword_detected') < 500);
  assert.ok(figure('end of the hotword') > 0 && figure('end of the hotword') < 1_000);
  assert.ok(figure('speech lost') > 1 && figure('speech lost') < 500, 'it keeps nothing from before the detection');
  // A recording of a sink is up to 25 ms ahead of it.
  assert.ok(figure('first reply byte') > -30 && figure('first reply byte') < 1_000);
  assert.ok(figure('last sample') > 0 && figure('last sample') < 1_000);
  assert.ok(figure('listening: memory') > 20, 'the memory of a Node program and its recorder');
});
