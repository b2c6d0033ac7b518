import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { modelsCommand } from '../../src/cli/models.js';
import { loadConfig } from '../../src/config.js';
import { EngineMissingError, HotwordError } from '../../src/errors.js';
import { ModelChecker } from '../../src/hotword/models-check.js';
import { engineSource } from '../../src/parts.js';
import { FileServer } from '../helpers/file-server.js';
import { classifierModel } from '../helpers/onnx-model.js';

const SHARED = resolve('..', 'shared', 'hotword', 'models');
const skip = existsSync(SHARED) ? false : `there are no models in ${SHARED}`;

let root = '';
let folder = '';
let from = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'models-'));
  folder = join(root, 'models');
  from = mkdtempSync(join(root, 'from-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs the command without a terminal. */
async function run(words: string[], options: [string, string | true][] = []) {
  const { hotword } = loadConfig({ flags: new Map(), env: {}, configFile: undefined }).config;
  let text = '';
  const out = { write: (piece: string) => (text += piece) };
  const { signal } = new AbortController();
  const code = await modelsCommand({ hotword, folder, positionals: words, options: new Map(options), out, signal });
  return { code, text };
}

async function fails(words: string[], options: [string, string | true][], message: RegExp): Promise<void> {
  await assert.rejects(run(words, options), (error) => {
    assert.ok(error instanceof HotwordError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe('models of the user’s own, from a folder', () => {
  it('one that has the right shapes is taken, its hash noted, checked, and seen to have changed', async () => {
    writeFileSync(join(from, 'Hey_Tars.onnx'), classifierModel());
    const { code, text } = await run(['download'], [['from', from]]);
    assert.equal(code, 0);
    assert.match(text, /Hey_Tars\.onnx: 0\.0 MB, no file of a known release; it loads, and its SHA-256 is noted/);
    assert.match(text, /also needs melspectrogram\.onnx and embedding_model\.onnx/);
    assert.deepEqual(readdirSync(folder).sort(), ['Hey_Tars.onnx', 'SHA256SUMS']);
    assert.match(execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' }), /: OK/);
    const good = await run(['check']);
    assert.deepEqual([good.code, /Hey_Tars\.onnx +as it was put there +yes/.test(good.text)], [0, true], good.text);

    writeFileSync(join(folder, 'Hey_Tars.onnx'), Buffer.concat([classifierModel(), Buffer.from([0x32, 0])]));
    const bad = await run(['check', 'hey tars']);
    assert.deepEqual(
      [bad.code, /changed +no\n.*has changed since it was put there; get it again/.test(bad.text)],
      [1, true],
      bad.text,
    );
  });

  for (const [title, bytes, message] of [
    ['a text', Buffer.from('this is no model'), /is no ONNX model that can be used/],
    ['an empty file', Buffer.alloc(0), /is no ONNX model that can be used/],
    ['half a model', classifierModel().subarray(0, 120), /is no ONNX model that can be used/],
    [
      'a model of other shapes',
      classifierModel({ numbers: 95 }),
      /another kind: it takes \[1, 16, 95\].*needed that takes \[1, 1 to 128, 96\]/,
    ],
    [
      'a model with too long a memory',
      classifierModel({ embeddings: 129 }),
      /another kind: it takes \[1, 129, 96\].*needed that takes \[1, 1 to 128, 96\]/,
    ],
    ['a model of doubles', classifierModel({ elements: 'double' }), /cannot be run .*must take and give 32-bit floats/],
    ['a model of halves', classifierModel({ elements: 'float16' }), /cannot be run .*must take and give 32-bit floats/],
  ] as const) {
    it(`${title} is refused with a sentence, and not put there`, async () => {
      writeFileSync(join(from, 'hey_tars.onnx'), bytes);
      await fails(['download', 'hey tars'], [['from', from]], message);
      assert.deepEqual(readdirSync(folder), []);
      folder = from;
      const { code, text } = await run(['check']);
      assert.equal(code, 1);
      assert.match(text, message);
    });
  }

  it('one that looks back farther than the release’s is taken', async () => {
    writeFileSync(join(from, 'hey_tars.onnx'), classifierModel({ embeddings: 28 }));
    assert.equal((await run(['download', 'hey tars'], [['from', from]])).code, 0);
    assert.match((await run(['check'])).text, /hey_tars\.onnx +as it was put there +yes/);
  });

  it('cannot be checked without ONNX Runtime, and the package is named', async () => {
    const { loadOnnxRuntime } = await import('../../src/hotword/onnx.js');
    const absent = () => loadOnnxRuntime(() => import('node:no-such-package' as string));
    writeFileSync(join(from, 'hey_tars.onnx'), classifierModel());
    await assert.rejects(new ModelChecker(absent).check(join(from, 'hey_tars.onnx')), (error) => {
      assert.ok(error instanceof EngineMissingError);
      assert.match(error.message, /onnxruntime-node cannot be loaded .*install it with npm ci/);
      return true;
    });
  });
});

describe('models of the release', { skip }, () => {
  it('come by a server, are the release’s, and go on where they broke off', async (test) => {
    const server = new FileServer();
    await server.start();
    test.after(() => server.close());
    for (const file of readdirSync(SHARED)) server.files.set(file, { bytes: readFileSync(join(SHARED, file)) });
    // The folder has another version of this one.
    await run(['download', 'embedding_model.onnx'], [['from', SHARED]]);
    const options: [string, string | true][] = [
      ['source', server.url()],
      ['yes', true],
    ];
    const { code, text } = await run(['download', 'alexa'], options);
    assert.equal(code, 0);
    assert.match(text, /alexa_v0\.1\.onnx: 0\.9 MB, SHA-256 as the release has it/);
    assert.match(text, /To listen for it: \[hotword\] phrases = \["alexa"\]/);
    assert.match((await run(['check'])).text, /alexa_v0\.1\.onnx +of the release +yes/);

    const path = join(folder, 'alexa_v0.1.onnx');
    copyFileSync(path, `${path}.part`);
    truncateSync(`${path}.part`, 500_000);
    rmSync(path);
    server.requests.length = 0;
    await run(['download', 'alexa'], options);
    assert.deepEqual(server.requests, ['alexa_v0.1.onnx bytes=500000-']);
    assert.equal((await run(['check'])).code, 0);
  });

  it('in the folder are those that auto listens with, where all phrases have one', async () => {
    await run(['download', 'alexa'], [['from', SHARED]]);
    const { config } = loadConfig({
      flags: new Map([['hotword.openwakeword.front_end_dir', folder]]),
      env: {},
      configFile: undefined,
    });
    for (const [phrases, expected] of [
      [['alexa'], 'openwakeword'],
      [['hey tars'], 'pocketsphinx'],
    ] as const) {
      const log = pino({ level: 'silent' });
      const source = engineSource({ ...config, hotword: { ...config.hotword, phrases: [...phrases] } }, log);
      const engine = await source.make();
      engine.close();
      assert.equal(engine.name, expected);
    }
  });

  it('auto listens with another engine where one of the user’s own cannot be run', async () => {
    await run(['download', 'alexa'], [['from', SHARED]]);
    rmSync(join(folder, 'alexa_v0.1.onnx'));
    writeFileSync(join(folder, 'alexa.onnx'), classifierModel({ elements: 'double' }));
    const { config } = loadConfig({
      flags: new Map([
        ['hotword.openwakeword.front_end_dir', folder],
        ['hotword.phrases', 'alexa'],
      ]),
      env: {},
      configFile: undefined,
    });
    const engine = await engineSource(config, pino({ level: 'silent' })).make();
    engine.close();
    assert.equal(engine.name, 'pocketsphinx');
  });

  it('a truncated one is refused from a folder and by check', async () => {
    for (const file of ['alexa_v0.1.onnx', 'melspectrogram.onnx', 'embedding_model.onnx']) {
      copyFileSync(join(SHARED, file), join(from, file));
      truncateSync(join(from, file), 500_000);
      await fails(['download', file], [['from', from]], /is no ONNX model that can be used/);
    }
    folder = from;
    const { code, text } = await run(['check']);
    assert.equal(code, 1);
    assert.equal(text.match(/ no$/gm)?.length, 3, text);
  });
});
