import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { modelsCommand } from '../../src/cli/models.js';
import { ProgressBar } from '../../src/cli/progress-bar.js';
import { loadConfig } from '../../src/config.js';
import { HotwordError, UsageError } from '../../src/errors.js';
import { surroundings } from '../helpers/file-server.js';

const now = surroundings();

interface Setting {
  phrases?: string[];
  models?: Record<string, string>;
  options?: [string, string | true][];
  answer?: boolean;
}

/** Runs the command; what it wrote, and what it asked. */
async function run(words: string[], { phrases = ['hey tars'], models = {}, options = [], answer }: Setting = {}) {
  const { hotword } = loadConfig({ flags: new Map(), env: {}, configFile: undefined }).config;
  let text = '';
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return answer === true;
  };
  const code = await modelsCommand({
    hotword: { ...hotword, phrases, openwakeword: { ...hotword.openwakeword, models } },
    folder: now.folder,
    positionals: words,
    options: new Map(options),
    out: { write: (piece) => (text += piece) },
    ask: answer === undefined ? undefined : ask,
    signal: new AbortController().signal,
  });
  return { code, text, questions, line: (word: string) => text.split('\n').find((each) => each.includes(word)) ?? '' };
}

function put(file: string, text = ''): string {
  writeFileSync(join(now.folder, file), text);
  return join(now.folder, file);
}

describe('models list', () => {
  it('shows the known models with size, licence and purpose, what is there, and what the phrases use', async () => {
    put('alexa_v0.1.onnx');
    put('melspectrogram.onnx');
    const { code, text, line } = await run([], { phrases: ['alexa'] });
    assert.equal(code, 0);
    assert.match(
      line('alexa_v0.1'),
      /^ {2}\* {2}alexa_v0\.1\.onnx +0\.9 MB +present +CC BY-NC-SA 4\.0 +hears "alexa"$/,
    );
    assert.match(line('embedding_model.onnx '), /\* .* missing /);
    assert.match(line('hey_jarvis'), /^ {5}hey_jarvis.* 1\.3 MB +missing/);
    assert.match(text, /embedding_model\.onnx missing: tars-client models download/);
    assert.match(text, /no commercial use/);
  });

  it('shows models of the user’s own, in the folder and configured, and says what has none', async () => {
    put('hey_tars.onnx', 'x');
    const models = { computer: '/nowhere/computer.onnx' };
    const { line } = await run(['list'], { phrases: ['hey tars', 'computer', 'hey jarvis', 'sesame'], models });
    assert.match(line('hey_tars.onnx'), /\* .* present +your own +hears "hey tars"/);
    assert.match(line('/nowhere/computer.onnx'), /\* .* missing +your own +hears "computer", as configured/);
    assert.match(line('"hey jarvis" has no model'), /get it with: tars-client models download "hey jarvis"/);
    assert.match(line('"sesame" has no model'), /no release has one; .*PocketSphinx/);
  });
});

describe('models download', () => {
  const source = (): [string, string] => ['source', now.server.url('release/')];

  it('shows licence, size and source before it asks, and a no downloads nothing', async () => {
    const { code, text, questions } = await run(['download', 'hey jarvis'], { answer: false, options: [source()] });
    assert.equal(code, 1);
    for (const part of [
      'hey_jarvis_v0.1.onnx',
      'melspectrogram.onnx',
      'CC BY-NC-SA 4.0',
      'no commercial use',
      now.folder,
      now.server.url(),
    ])
      assert.ok(text.includes(part), part);
    assert.deepEqual(questions, ['Download 3.7 MB? [y/N] ']);
    assert.deepEqual(now.server.requests, []);
  });

  it('where nobody can be asked wants --yes, and downloads nothing', async () => {
    await assert.rejects(run(['download', 'alexa'], { options: [source()] }), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /--yes/);
      return true;
    });
    assert.deepEqual(now.server.requests, []);
  });

  it('takes nothing that is not the release’s', async () => {
    now.server.files.set('release/melspectrogram.onnx', { bytes: Buffer.alloc(1_087_958) });
    for (const setting of [
      { answer: true, options: [source()] },
      { options: [source(), ['yes', true] as [string, true]] },
    ]) {
      await assert.rejects(run(['download', 'alexa'], setting), (error) => {
        assert.ok(error instanceof HotwordError);
        assert.match(error.message, /melspectrogram\.onnx is not the file of the release/);
        return true;
      });
    }
    assert.ok(!existsSync(join(now.folder, 'melspectrogram.onnx')));
    assert.equal(now.server.requests.length, 2);
  });

  it('does nothing where all is there', async () => {
    for (const file of ['melspectrogram.onnx', 'embedding_model.onnx', 'alexa_v0.1.onnx']) put(file);
    for (const [words, setting] of [
      [['download', 'alexa'], {}],
      [['download'], { phrases: ['alexa'] }],
      [['download'], { phrases: ['own'], models: { own: '/x.onnx' } }],
      [['download', 'embedding_model.onnx'], {}],
    ] as const) {
      const { code, text } = await run([...words], { ...setting } as Setting);
      assert.equal(code, 0);
      assert.match(text, /^Everything is there/);
    }
  });

  it('of a phrase that no release has names those that it has', async () => {
    for (const words of [['download'], ['download', 'open sesame']])
      await assert.rejects(
        run(words),
        /no release has a model for "(hey tars|open sesame)", only for "alexa", "hey jarvis", /,
      );
  });

  it('from a folder that has it not names what it has', async () => {
    put('other.onnx');
    await assert.rejects(
      run(['download', 'alexa'], { options: [['from', now.folder]] }),
      /no model for "alexa" \(there are other\.onnx\)/,
    );
    await assert.rejects(run(['download'], { options: [['from', '/nowhere']] }), /has no \.onnx file that can be seen/);
  });
});

describe('models remove', () => {
  it('removes a model by phrase or file, what was begun of it, and its hash', async () => {
    const hash = '0'.repeat(64);
    put('SHA256SUMS', `${hash}  alexa_v0.1.onnx\n${hash}  own.onnx\n`);
    for (const file of ['alexa_v0.1.onnx', 'alexa_v0.1.onnx.part', 'own.onnx', 'kept.onnx']) put(file);
    const { code } = await run(['remove', 'alexa', 'own.onnx']);
    assert.equal(code, 0);
    assert.deepEqual(
      ['alexa_v0.1.onnx', 'alexa_v0.1.onnx.part', 'own.onnx', 'kept.onnx'].filter((file) =>
        existsSync(join(now.folder, file)),
      ),
      ['kept.onnx'],
    );
    assert.equal(readFileSync(join(now.folder, 'SHA256SUMS'), 'utf8'), '');
  });

  it('removes nothing outside the folder', async () => {
    put('own.onnx');
    for (const name of ['../x.onnx', '/etc/passwd', 'none'])
      await assert.rejects(run(['remove', name]), /there is no .* \(there are own\.onnx\)/);
  });
});

describe('models', () => {
  for (const [title, words, options, message] of [
    ['an action that does not exist', ['delete'], [], /no "delete" \(there are list, download, check, remove\)/],
    ['an action that is nearly right', ['downlaod'], [], /did you mean "?download/],
    ['remove without a name', ['remove'], [], /needs the names/],
    ['list with a name', ['list', 'alexa'], [], /takes no names/],
    ['an option of another action', ['check'], [['from', '/x']], /models check takes no --from/],
  ] as const) {
    it(`${title} is wrong usage`, async () => {
      await assert.rejects(run([...words], { options: [...options] as [string, string][] }), (error) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

describe('the progress bar', () => {
  it('is one line of a terminal, written over, and goes away', () => {
    const pieces: string[] = [];
    const bar = new ProgressBar({ isTTY: true, write: (piece) => pieces.push(piece) }, 'a.onnx', 2_000_000);
    for (const bytes of [0, 1_000_000, 1_000_001, 2_000_000]) bar.update(bytes);
    bar.clear();
    assert.equal(pieces.length, 4);
    assert.equal(pieces[1], `\r\x1b[2Ka.onnx  ${'█'.repeat(15)}${'░'.repeat(15)} 50 %  1.0 MB of 2.0 MB`);
    assert.equal(pieces[3], '\r\x1b[2K');
  });

  it('writes nothing elsewhere', () => {
    const pieces: string[] = [];
    const bar = new ProgressBar({ write: (piece) => pieces.push(piece) }, 'a.onnx', 100);
    bar.update(50);
    bar.clear();
    assert.deepEqual(pieces, []);
  });
});
