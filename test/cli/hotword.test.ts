import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import { hotwordCommand } from '../../src/cli/hotword.js';
import { HotwordError, UsageError } from '../../src/errors.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { FakeEngine } from '../hotword/fakes.js';

const MARK = 777;
let dir = '';
let early = '';
let late = '';
let text = '';

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hotword-command-'));
  early = await sound('early.wav', 16_000, 4000, 12_000);
  late = await sound('late.wav', 20_001, 20_000);
  text = join(dir, 'text.wav');
  await writeFile(text, 'hello');
});
after(() => rm(dir, { recursive: true }));

async function sound(name: string, length: number, ...marks: number[]): Promise<string> {
  const samples = new Int16Array(length);
  for (const mark of marks) samples[mark] = MARK;
  const path = join(dir, name);
  await writeWav(path, samples, 16_000);
  return path;
}

function sink() {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  return { stream, lines: () => written.split('\n').slice(0, -1) };
}

async function run(files: string[], engine: FakeEngine, refractoryMs?: number, signal = new AbortController().signal) {
  const out = sink();
  const errors = sink();
  const options = refractoryMs === undefined ? {} : { refractoryMs };
  const code = await hotwordCommand(files, engine, out.stream, { errors: errors.stream, signal, ...options });
  return { code, lines: out.lines(), errors: errors.lines() };
}

function markHearing(): FakeEngine {
  const engine = new FakeEngine();
  engine.hearValue(MARK);
  return engine;
}

test('a line for each detection, and a summary last', async () => {
  const { code, lines, errors } = await run([early, late], markHearing());
  assert.equal(code, 0);
  assert.deepEqual(errors, []);
  assert.deepEqual(lines.slice(0, -1), [
    `${early}\t0.25\they fake\t0.50`,
    `${early}\t0.75\they fake\t0.50`,
    `${late}\t1.25\they fake\t0.50`,
  ]);
  assert.match(lines.at(-1) ?? '', /^2 files, 2\.3 s of sound, 3 detections, \d+ times real time$/);
});

test('the engine hears a second of silence before and after each file, the first as well, and is reset before it', async () => {
  const engine = markHearing();
  const resetsAt: number[] = [];
  engine.reset = () => void resetsAt.push(engine.chunks);
  await run([early, late], engine);
  const [second, first] = [16_000 / 100, (2 * 16_000) / 100];
  assert.deepEqual(resetsAt, [second, second + first + second]);
  assert.equal(engine.chunks, second + first + second + Math.floor((20_001 + 16_000) / 100));
});

test('a recording sounds alike to the engine wherever it stands in the list', async () => {
  const engine = new FakeEngine();
  let silent = 0;
  let before = 0;
  engine.answer = (chunk) => {
    silent = chunk.some((sample) => sample !== 0) ? 0 : silent + 1;
    const at = chunk.indexOf(MARK);
    return at === -1 ? undefined : { phrase: 'hey fake', score: Math.min(1, before / 160), endedSamplesAgo: 0 };
  };
  engine.reset = () => {
    before = silent;
  };
  const { lines } = await run([early, early], engine);
  assert.equal(lines.length, 5);
  assert.deepEqual(lines.slice(0, 2), lines.slice(2, 4));
});

test('what is told in the silence after the file ended at its end at the latest', async () => {
  const engine = new FakeEngine();
  engine.answer = () =>
    engine.chunks === 160 + 165 ? { phrase: 'hey fake', score: 1, endedSamplesAgo: 0 } : undefined;
  const { lines } = await run([early], engine);
  assert.equal(lines[0], `${early}\t1.00\they fake\t1.00`);
});

test('the refractory time of the configuration holds', async () => {
  const { lines } = await run([early], markHearing(), 600);
  assert.match(lines.at(-1) ?? '', /^1 file, 1\.0 s of sound, 1 detection, /);
});

test('a file that cannot be read is an error and an exit code, and the others are done', async () => {
  const { code, lines, errors } = await run([join(dir, 'none.wav'), text, early], markHearing());
  assert.equal(code, 1);
  assert.equal(lines.length, 3);
  assert.equal(errors.length, 2);
  assert.match(errors[0] ?? '', /^hotword: .*none\.wav: ENOENT/);
  assert.match(errors[1] ?? '', /^hotword: .*text\.wav is not a WAV file/);
});

test('no file is a wrong usage', async () => {
  await assert.rejects(run([], markHearing()), UsageError);
});

test('an engine that fails ends it with its error', async () => {
  const engine = new FakeEngine();
  engine.answer = () => {
    throw new Error('out of order');
  };
  await assert.rejects(run([early], engine), HotwordError);
});

test('it ends soon when it is told to, also within a long recording', async () => {
  const long = await sound('long.wav', 60 * 16_000);
  const stop = new AbortController();
  const engine = new FakeEngine();
  engine.answer = () => {
    // From outside, as a signal of the system comes.
    if (engine.chunks === 1) setImmediate(() => stop.abort());
    return undefined;
  };
  await assert.rejects(run([long, early], engine, 0, stop.signal), /stopped before its end/);
  assert.ok(engine.chunks <= 3200, `${engine.chunks} chunks of 10 ms were listened to`);
});
