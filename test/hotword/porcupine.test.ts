import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HotwordError } from '../../src/errors.js';
import {
  createPorcupine,
  type PorcupineHandle,
  type PorcupineOptions,
  PorcupineRefusal,
} from '../../src/hotword/porcupine.js';

const KEY = 'AbCdEf0123456789+/abcdefg==';
let dir = '';
let accessKeyFile = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'porcupine-'));
  accessKeyFile = await keyFile('good', `${KEY}\n`);
});
after(() => rm(dir, { recursive: true }));

async function keyFile(name: string, text: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

interface Call {
  accessKey: string;
  keywords: string[];
  sensitivities: number[];
}

/** A package whose engine hears the keyword whose index is in the first sample of a frame, or does not start. */
function fakePackage(refusal?: Error) {
  const calls: Call[] = [];
  const frames: Int16Array[] = [];
  let releases = 0;
  class Porcupine implements PorcupineHandle {
    readonly frameLength = 512;
    readonly sampleRate = 16_000;

    constructor(accessKey: string, keywords: string[], sensitivities: number[]) {
      calls.push({ accessKey, keywords, sensitivities });
      if (refusal) throw refusal;
    }

    process(frame: Int16Array): number {
      frames.push(frame.slice());
      if (frame[0] === 666) throw new Error('broken');
      return (frame[0] ?? 0) - 1;
    }

    release(): void {
      releases += 1;
    }
  }
  const load = async () => ({ Porcupine, BuiltinKeyword: { JARVIS: 'jarvis', HEY_SIRI: 'hey siri' } });
  return { load, calls, frames, releases: () => releases };
}

function create(options: Partial<PorcupineOptions>) {
  return createPorcupine({ phrases: ['jarvis'], accessKeyFile, keywords: {}, sensitivity: 0.5, ...options });
}

function frame(first: number): Int16Array {
  const samples = new Int16Array(512);
  samples[0] = first;
  return samples;
}

test('key, keywords and sensitivity reach the package, and detections come back as phrases', async () => {
  const fake = fakePackage();
  const ppn = await keyFile('hey_tars.ppn', 'a trained keyword');
  const engine = await create({
    phrases: ['hey tars', 'Jarvis'],
    keywords: { 'hey tars': ppn },
    sensitivity: 0.7,
    load: fake.load,
  });
  assert.deepEqual(fake.calls, [{ accessKey: KEY, keywords: [ppn, 'jarvis'], sensitivities: [0.7, 0.7] }]);
  assert.deepEqual([engine.name, engine.rateHz, engine.chunkSamples], ['porcupine', 16_000, 512]);
  assert.equal(engine.process(frame(0)), undefined);
  assert.deepEqual(engine.process(frame(1)), { phrase: 'hey tars', score: 1, endedSamplesAgo: 0 });
  assert.equal(engine.process(frame(2))?.phrase, 'Jarvis');
});

test('a reset is half a second of silence, whatever is heard in it', async () => {
  const fake = fakePackage();
  const engine = await create({ load: fake.load });
  engine.reset();
  assert.ok(fake.frames.length * 512 >= 8000);
  assert.ok(fake.frames.every((samples) => samples.every((sample) => sample === 0)));
});

test('it is released once, and says so when it is used afterwards', async () => {
  const fake = fakePackage();
  const engine = await create({ load: fake.load });
  engine.close();
  engine.close();
  assert.equal(fake.releases(), 1);
  assert.throws(() => engine.process(frame(0)), HotwordError);
});

test('a failure while it listens is a HotwordError', async () => {
  const engine = await create({ load: fakePackage().load });
  assert.throws(() => engine.process(frame(666)), /^HotwordError: the hotword engine porcupine failed: broken$/);
});

test('a wrong key file is named before anything is started', async () => {
  const fake = fakePackage();
  for (const [text, pattern] of [
    ['', /is empty; copy it/],
    [' \n', /is empty; copy it/],
    ['abc\ndef', /line break or a blank inside/],
    ['abc def', /line break or a blank inside/],
    ['"abc"', /characters that no key has/],
    ['käse', /characters that no key has/],
  ] as const) {
    const path = await keyFile('bad', text);
    await assert.rejects(create({ accessKeyFile: path, load: fake.load }), (error) => {
      assert.ok(error instanceof HotwordError);
      assert.match(error.message, pattern);
      assert.ok(error.message.includes(path) && !/abc|käse/.test(error.message), error.message);
      return true;
    });
  }
  await assert.rejects(create({ accessKeyFile: join(dir, 'none'), load: fake.load }), /none cannot be read.*ENOENT/);
  assert.deepEqual(fake.calls, []);
});

test('a phrase without a keyword is named, with what is built in', async () => {
  const fake = fakePackage();
  await assert.rejects(
    create({ phrases: ['hey tars'], load: fake.load }),
    /"hey tars" is neither a \.ppn file nor built in;.*one of jarvis, hey siri$/,
  );
  await assert.rejects(create({ phrases: ['constructor'], load: fake.load }), /"constructor" is neither/);
  const absent = join(dir, 'absent.ppn');
  await assert.rejects(
    create({ keywords: { jarvis: absent }, load: fake.load }),
    /absent\.ppn cannot be read .*ENOENT/,
  );
  await assert.rejects(create({ keywords: { jarvis: 'robot' }, load: fake.load }), /"robot" for the phrase "jarvis"/);
  assert.deepEqual(fake.calls, []);
});

class PorcupineActivationError extends Error {}
class PorcupineActivationLimitReachedError extends Error {}
class PorcupineActivationThrottledError extends Error {}
class PorcupineActivationRefusedError extends Error {}
class PorcupineInvalidArgumentError extends Error {}
class PorcupineKeyError extends Error {}
class PorcupineRuntimeError extends Error {}

for (const [refusal, pattern] of [
  [new PorcupineActivationLimitReachedError('[0] 00000136'), /as many devices as it allows.*remove one at console/],
  [new PorcupineActivationThrottledError('slow'), /too often in a short time: wait/],
  [new PorcupineActivationRefusedError('no'), /Picovoice refuses the key/],
  [new PorcupineActivationError('net'), /must reach the internet, and its clock must be right/],
  [new PorcupineKeyError('bad'), /the key is not right: copy it again/],
  [new PorcupineRuntimeError('Unsupported CPU.'), /does not know this processor.*ProcSubset=pid/],
  [
    new PorcupineInvalidArgumentError(`Failed to parse AccessKey \`${KEY}\`.\n[2] 00000136`),
    /good is not right: copy it again/,
  ],
  [new PorcupineInvalidArgumentError("File not found in 'keywords': /x.ppn"), /\/x\.ppn; look at the key, and at/],
] as const) {
  test(`${refusal.constructor.name} (${refusal.message.slice(0, 16)}…): what to do, tried once, the key not told`, async () => {
    const fake = fakePackage(refusal);
    await assert.rejects(create({ load: fake.load }), (error) => {
      assert.ok(error instanceof PorcupineRefusal);
      assert.match(error.message, pattern);
      assert.ok(!error.message.includes(KEY) && error.cause === undefined);
      assert.equal(error.retryable, false);
      return true;
    });
    assert.equal(fake.calls.length, 1);
  });
}
