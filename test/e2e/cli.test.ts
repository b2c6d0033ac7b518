import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { startDevice } from '../helpers/device.js';
import { FileServer } from '../helpers/file-server.js';
import { missingPrograms } from '../helpers/processes.js';
import { concat, say, silence } from '../helpers/speech.js';
import { SOUND_PROGRAMS, VirtualSound } from '../helpers/virtual-sound.js';

const missing = missingPrograms(SOUND_PROGRAMS);
const soundless = missing.length > 0 && `needs ${missing.join(', ')}: run ./setup.sh --test`;
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the program to its end. */
function tars(args: readonly string[], variables: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...variables };
    execFile(process.execPath, [MAIN, ...args], { env, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

async function scratch(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-cli-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A sentence for a person: the program's name in front, and no stack trace. */
function assertSentence(stderr: string): void {
  assert.match(stderr, /^tars-client: /);
  assert.doesNotMatch(stderr, /\n\s+at /);
}

describe('exit codes', () => {
  it('0 and the text for --help and --version', async () => {
    const help = await tars(['--help']);
    assert.equal(help.code, 0);
    for (const command of ['run', 'devices', 'config', 'hotword', 'models', 'assistant'])
      assert.ok(help.stdout.includes(command));
    assert.match((await tars(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('64 for what does not exist', async () => {
    for (const args of [['sing'], ['run', '--loudly'], ['hotword'], ['devices', 'all']]) {
      const { code, stderr } = await tars(args);
      assert.equal(code, 64, args.join(' '));
      assertSentence(stderr);
    }
  });

  it('78 for a wrong key or value: file, key, value, what is allowed', async (test) => {
    const file = join(await scratch(test), 'wrong.toml');
    await writeFile(file, '[server]\nurl = "http://example.org"\n[mic]\ngain_db = "loud"\n[sesion]\nx = 1\n');
    const { code, stderr } = await tars(['run', '--config', file]);
    assert.equal(code, 78);
    assertSentence(stderr);
    for (const part of [file, 'server.url', 'http://example.org', 'ws', 'mic.gain_db', 'loud', 'sesion', 'session']) {
      assert.ok(stderr.includes(part), `${part} is missing in: ${stderr}`);
    }
  });

  it('78 for a phrase that nobody can pronounce: the word and how to give a pronunciation', async () => {
    const { code, stderr } = await tars(['run', '--hotword.phrases=hey xyzzyq']);
    assert.equal(code, 78);
    assertSentence(stderr);
    assert.ok(stderr.includes('xyzzyq') && stderr.includes('pronunciations'), stderr);
  });
});

describe('a reader that has had enough', () => {
  it('ends the program, without a stack trace', async () => {
    const program = spawn(process.execPath, [MAIN, 'doctor', '--mic.gain_db=loud']);
    program.stdout.destroy();
    let stderr = '';
    program.stderr.on('data', (text) => {
      stderr += text;
    });
    const [code] = await once(program, 'close');
    assert.deepEqual([code, stderr], [1, '']);
  });
});

describe('a Porcupine that refuses', () => {
  for (const engine of ['auto', 'porcupine']) {
    it(`engine = "${engine}": one line of the log, PocketSphinx listens, and no event starts Porcupine again`, async (test) => {
      const folder = await scratch(test);
      const [key, sound] = [join(folder, 'key'), join(folder, 'silence.wav')];
      await writeFile(key, 'this0is0no0key');
      await writeWav(sound, silence(100), 16_000);
      const porcupine = `[hotword.porcupine]\naccess_key_file = "${key}"\nkeywords = { "hey tars" = "jarvis" }`;
      const device = await startDevice(test, {
        config: `[hotword]\nengine = "${engine}"\n${porcupine}\n[mic]\nbackend = "file"\ndevice = "${sound}"\n`,
      });
      await device.waitForState('listening');
      device.signal('SIGHUP');
      for (const state of ['idle', 'listening']) {
        device.signal('SIGURG');
        await device.waitForState(state);
      }
      assert.deepEqual(
        device.all('hotword.ready').map((line) => line.engine),
        ['pocketsphinx'],
      );
      const told = device.lines.filter((line) => line.engine === 'porcupine');
      assert.equal(told.length, 1, device.tail());
      assert.match(String(told[0]?.why), /key is not right: copy it again from console\.picovoice\.ai/);
      assert.doesNotMatch(device.tail(), /this0is0no0key/);
    });
  }
});

describe('config', () => {
  it('prints every key with its source, and no secret', async () => {
    const { code, stdout } = await tars(['config', '--session.pre_roll_ms=700'], {
      TARS_SERVER_URL: 'ws://host:7456/?token=geheim',
    });
    assert.equal(code, 0);
    assert.match(stdout, /pre_roll_ms = 700 .*flag/);
    assert.match(stdout, /url = "ws:\/\/host:7456.*TARS_SERVER_URL/);
    assert.ok(!stdout.includes('geheim'));
  });
});

describe('hotword', () => {
  it('prints file, seconds, phrase and score of each detection, and a summary last', async (test) => {
    const folder = await scratch(test);
    const words = await say('hey tars');
    const heard = join(folder, 'heard.wav');
    const other = join(folder, 'other.wav');
    await writeWav(heard, concat(silence(1000), words, silence(500)), 16_000);
    await writeWav(other, concat(silence(500), await say('good morning everybody')), 16_000);
    const { code, stdout } = await tars(['hotword', heard, other]);
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 2);
    const [file, seconds, phrase, score] = (lines[0] ?? '').split('\t');
    assert.equal(file, heard);
    assert.ok(Math.abs(Number(seconds) - (1 + words.length / 16_000)) < 0.2, seconds);
    assert.equal(phrase, 'hey tars');
    assert.ok(Number(score) > 0 && Number(score) <= 1, score);
  });

  it('names a file that is no WAV, does the others, and exits with 1', async (test) => {
    const folder = await scratch(test);
    const heard = join(folder, 'heard.wav');
    const broken = join(folder, 'broken.wav');
    await writeWav(heard, concat(silence(500), await say('hey tars')), 16_000);
    await writeFile(broken, 'this is not sound');
    const { code, stdout, stderr } = await tars(['hotword', broken, heard]);
    assert.equal(code, 1);
    assert.ok(stderr.includes(broken));
    assert.ok(stdout.includes(heard));
  });
});

describe('bad input for the hotword engines', () => {
  it('a WAV at another rate is converted, one with another codec is named', async (test) => {
    const folder = await scratch(test);
    const [fast, alaw] = [join(folder, 'fast.wav'), join(folder, 'alaw.wav')];
    const words = concat(silence(500), await say('hey tars'), silence(500));
    await writeWav(
      fast,
      Int16Array.from({ length: words.length * 3 }, (_, i) => words[Math.floor(i / 3)] ?? 0),
      48_000,
    );
    await writeWav(alaw, words, 16_000);
    const bytes = await readFile(alaw);
    bytes.writeUInt16LE(6, 20);
    await writeFile(alaw, bytes);
    const { code, stdout, stderr } = await tars(['hotword', fast, alaw]);
    assert.equal(code, 1);
    assert.match(stdout, /fast\.wav\t1\.\d+\they tars\t/);
    assert.match(stderr, /^hotword: .*alaw\.wav holds A-law in a WAV; convert it: sox/);
  });

  it('a key with a line break and a model that is none end the program with a sentence', async (test) => {
    const folder = await scratch(test);
    const [key, model, config] = [join(folder, 'key'), join(folder, 'no.onnx'), join(folder, 'config.toml')];
    await writeFile(key, 'abcdef\nghijkl');
    for (const file of [model, join(folder, 'melspectrogram.onnx'), join(folder, 'embedding_model.onnx')])
      await writeFile(file, 'this is text');
    for (const [engine, table, wanted, message] of [
      [
        'porcupine',
        `access_key_file = "${key}"`,
        78,
        /the key in .*key has a line break or a blank inside; it is one line/,
      ],
      [
        'openwakeword',
        `front_end_dir = "${folder}"\nmodels = { "hey tars" = "${model}" }`,
        1,
        /is no ONNX model that can be/,
      ],
      [
        'openwakeword',
        `front_end_dir = "${folder}"\nmodels = { "hey tars" = "${join(folder, 'nowhere.onnx')}" }`,
        78,
        /nowhere\.onnx cannot be read .* tars-client models/,
      ],
    ] as const) {
      await writeFile(config, `[hotword]\nengine = "${engine}"\n[hotword.${engine}]\n${table}\n`);
      const { code, stderr } = await tars(['run', '--config', config]);
      assert.equal(code, wanted);
      assertSentence(stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /abcdef|ghijkl/);
    }
  });
});

describe('models', () => {
  it('lists, and says in a sentence what is wrong', async (test) => {
    const variables = { XDG_DATA_HOME: await scratch(test) };
    const list = await tars(['models'], variables);
    assert.equal(list.code, 0);
    assert.match(list.stdout, /hey_jarvis_v0\.1\.onnx +1\.3 MB +missing +CC BY-NC-SA 4\.0/);
    for (const [args, code] of [
      [['models', 'sing'], 64],
      [['models', 'download', 'alexa'], 64],
      [['models', 'download', '--from', '/nowhere'], 1],
      [['models', 'download', 'alexa', '--yes', '--source', 'http://127.0.0.1:1'], 1],
    ] as const) {
      const outcome = await tars(args, variables);
      assert.equal(outcome.code, code, outcome.stderr);
      assertSentence(outcome.stderr);
    }
  });

  const MELS = resolve('..', 'shared', 'hotword', 'models', 'melspectrogram.onnx');
  const skip = existsSync(MELS) ? false : `there is no ${MELS}`;
  it('on a terminal asks after it has shown the licence, and draws a progress bar', { skip }, async (test) => {
    const server = new FileServer();
    await server.start();
    test.after(() => server.close());
    server.files.set('melspectrogram.onnx', { bytes: await readFile(MELS) });
    const program = [process.execPath, MAIN, 'models', 'download', 'alexa', '--source', server.url()].join(' ');
    const env = { ...process.env, XDG_DATA_HOME: await scratch(test) };
    const terminal = spawn('script', ['-qec', program, '/dev/null'], { env });
    let shown = '';
    terminal.stdout.on('data', (text) => {
      shown += text;
      if (String(text).includes('[y/N]')) terminal.stdin.write('y\n');
    });
    const [code] = await once(terminal, 'close');
    assert.equal(code, 1, shown);
    assert.match(
      shown,
      /no commercial use\..*Download 3\.3 MB\? \[y\/N\].*melspectrogram\.onnx {2}█+ 100 % {2}1\.1 MB of 1\.1 MB/s,
    );
    assert.match(
      shown,
      /melspectrogram\.onnx: 1\.1 MB, SHA-256 as the release has it.*embedding_model\.onnx answers 404/s,
    );
  });
});

describe('run', () => {
  it('ends at once at the second Ctrl-C, where there is something to wait for after the first one', async (test) => {
    const sounds = [
      '--mic.backend=stdin',
      '--speaker.backend=file',
      '--speaker.device=played.wav',
      '--assistant.demonstrate=false',
    ];
    const device = await startDevice(test, {
      flags: [...sounds, '--hotword.engine=none', '--hooks.on={ "client.stopped" = ["sleep", "60"] }'],
    });
    await device.waitFor('hotword.ready');
    device.signal('SIGINT');
    await device.waitFor('client.stopped');
    device.signal('SIGINT');
    const { code, ms } = await device.exited;
    assert.equal(code, 130);
    assert.ok(ms < 1_000, `${ms} ms`);
  });
});

describe('devices', () => {
  it('lists microphones and speakers of each backend', async () => {
    const { code, stdout } = await tars(['devices']);
    assert.equal(code, 0);
    for (const word of ['Microphones', 'Speakers', 'naudiodon', 'arecord', 'aplay']) assert.ok(stdout.includes(word));
  });

  it('says what is the default, what would be used, and who has it open', { skip: soundless }, async (test) => {
    const sound = new VirtualSound();
    test.after(() => sound.close());
    await sound.start();
    const flags = [
      '--mic.backend=parecord',
      '--mic.device=mic.monitor',
      '--speaker.backend=pacat',
      '--speaker.device=spk',
    ];
    const { code, stdout } = await tars(['devices', ...flags], sound.env as Record<string, string>);
    assert.equal(code, 0);
    const lines = stdout.split('\n');
    assert.equal(
      lines.filter((line) => /^ +BACKEND +NAME +RATE +DEFAULT +IN USE BY +WHAT IT IS$/.test(line)).length,
      2,
    );
    const used = lines.filter((line) => line.startsWith('  *'));
    assert.match(
      used[0] ?? '',
      new RegExp(`parecord +mic.monitor +16000 +pacat \\(${sound.microphone.pid}\\) +1 ch, `),
    );
    assert.match(used[1] ?? '', /pacat +spk +16000 +1 ch, /);
    assert.ok(
      lines.some((line) => /parecord +nowhere\.monitor +16000 +yes +1 ch/.test(line)),
      stdout,
    );
  });
});
