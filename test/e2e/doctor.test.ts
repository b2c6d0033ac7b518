import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../src/doctor/finding.js';
import { bytesOf } from '../../src/pcm/format.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { addEcho } from '../helpers/echo.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { endProcess } from '../helpers/processes.js';
import { emptyRoom } from '../helpers/room.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import type { VirtualSound } from '../helpers/virtual-sound.js';
import { Certificates, wsServer } from '../link/servers.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

interface Visit {
  code: number;
  findings: Finding[];
}

/** What the doctor finds. */
function visit(flags: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Visit> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [MAIN, 'doctor', '--json', ...flags],
      { env, timeout: 60_000 },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : 0;
        try {
          const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
          assert.equal(ok, code === 0);
          assert.equal(stderr, '');
          resolve({ code, findings });
        } catch (cause) {
          reject(new Error(`no report: ${stdout}${stderr}`, { cause }));
        }
      },
    );
  });
}

/** The one thing that is wrong. */
function theFailure({ code, findings }: Visit): Finding {
  const failures = findings.filter(({ gravity }) => gravity === 'failure');
  assert.equal(failures.length, 1, JSON.stringify(findings, undefined, 1));
  assert.equal(code, 1);
  return failures[0] as Finding;
}

/** A room without sound devices, whose microphone is a file with a voice's level of noise. */
async function quietRoom(test: TestContext): Promise<{ folder: string; flags: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-doctor-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const heard = join(folder, 'heard.wav');
  await writeWav(heard, noise(5), RATE_HZ);
  const flags = ['--mic.backend=file', `--mic.device=${heard}`, '--speaker.backend=file'];
  return { folder, flags: [...flags, `--speaker.device=${join(folder, 'played.wav')}`] };
}

function noise(seconds: number, peak = 1000): Int16Array {
  let seed = 1;
  return Int16Array.from({ length: seconds * RATE_HZ }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.round((seed / 1_073_741_824 - 1) * peak);
  });
}

describe('doctor', () => {
  it('in a room where all is well: no failure, and the tone comes back', async (test) => {
    const { sound, server } = await emptyRoom(test);
    await server.start();
    await addEcho(sound);
    const background = play(sound, noise(12));
    const { code, findings } = await visit(
      [`--server.url=${server.url}`, '--mic.backend=parecord', '--speaker.backend=pacat', '--session.barge_in=speech'],
      sound.env,
    );
    await endProcess(background, 'SIGKILL', 1000);
    assert.equal(code, 0, JSON.stringify(findings, undefined, 1));
    const textOf = (subject: string) => findings.find((finding) => finding.subject === subject)?.text ?? '';
    assert.match(textOf('tone'), /heard by the microphone after \d+ ms/);
    assert.match(textOf('level'), /dBFS on average/);
    const echo = findings.find(({ subject }) => subject === 'echo');
    assert.equal(echo?.gravity, 'warning');
    assert.match(echo?.text ?? '', /no echo canceller is seen \(mic\.monitor is as it is\)/);
    assert.match(echo?.remedy ?? '', /pactl load-module module-echo-cancel .*libpipewire-module-echo-cancel/);
    assert.match(textOf('server'), /ping \d/);
    assert.match(textOf('hotword'), /pocketsphinx listens for "hey tars"/);
  });

  it('with a microphone that is silent, then one that clips', async (test) => {
    const { sound, server } = await emptyRoom(test);
    await server.start();
    const flags = [`--server.url=${server.url}`, '--mic.backend=arecord', '--speaker.backend=aplay'];
    const mistaken = theFailure(await visit([...flags, '--mic.device=nothing'], sound.env));
    assert.match(mistaken.remedy ?? '', /mic\.device chooses; there are: .*\bdefault\b/);
    const silent = theFailure(await visit(flags, sound.env));
    assert.match(silent.text, /digital silence/);
    assert.match(silent.remedy ?? '', /alsamixer/);

    const square = Int16Array.from({ length: 12 * RATE_HZ }, (_, i) => (i % 80 < 40 ? 32_767 : -32_768));
    const loud = play(sound, square);
    const clipped = theFailure(await visit(flags, sound.env));
    await endProcess(loud, 'SIGKILL', 1000);
    assert.match(clipped.text, /clipped/);
    assert.match(clipped.remedy ?? '', /gain_db/);
  });

  it('without any sound, and with a device that another program holds', async (test) => {
    const { folder, flags } = await quietRoom(test);
    const env = {
      ...process.env,
      PULSE_SERVER: join(folder, 'nobody'),
      XDG_RUNTIME_DIR: folder,
      ALSA_CONFIG_PATH: join(folder, 'asound.conf'),
    };
    await writeFile(join(folder, 'asound.conf'), '</usr/share/alsa/alsa.conf>\n');
    // ALSA's own words for it; a real sound card is not needed to print them.
    const fake = join(folder, 'arecord');
    await writeFile(
      fake,
      '#!/bin/sh\necho "arecord: main:850: audio open error: Device or resource busy" >&2\nexit 1\n',
    );
    await chmod(fake, 0o755);
    const [none, busy] = await Promise.all([
      visit([], env),
      visit([...flags, '--mic.backend=arecord', '--mic.device=plughw:CARD=USB'], {
        ...env,
        PATH: `${folder}:${process.env.PATH}`,
      }),
    ]);
    assert.equal(theFailure(none).subject, 'sound');
    assert.match(theFailure(none).remedy ?? '', /arecord -l/);
    assert.equal(theFailure(busy).subject, 'microphone');
    assert.match(theFailure(busy).text, /busy/);
    assert.match(theFailure(busy).remedy ?? '', /^fuser -v/);
  });

  it('with a server that is not there, refuses the token, or has an expired certificate', async (test) => {
    const { folder, flags } = await quietRoom(test);
    const certificates = new Certificates();
    test.after(() => certificates.close());
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 's3cret\n', { mode: 0o600 });
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, certificates.ca);
    const refusing = new GemitarsServer();
    test.after(() => refusing.stop());
    await refusing.start();
    refusing.welcome = { status: 401 };
    const tls = certificates.issue('old', 'IP:127.0.0.1', true);
    const old = await wsServer(undefined, { tls });
    test.after(() => old.close());
    const [gone, refused, expired] = await Promise.all([
      visit([...flags, '--server.url=ws://127.0.0.1:9']),
      visit([...flags, `--server.url=${refusing.url}`, `--server.token_file=${tokenFile}`]),
      visit([...flags, `--server.url=wss://127.0.0.1:${old.port}`, `--server.ca_file=${caFile}`]),
    ]);
    assert.match(theFailure(gone).text, /nothing listens there/);
    assert.match(theFailure(gone).remedy ?? '', /^curl -v http:\/\/127\.0\.0\.1:9\/ .*server\.url/);
    assert.match(theFailure(refused).text, /refused the token/);
    assert.match(theFailure(refused).remedy ?? '', /^nano \/.*token +\(check server\.token_file/);
    assert.match(theFailure(expired).text, /certificate of the server has expired/);
    assert.match(theFailure(expired).remedy ?? '', /^timedatectl .*clock/);
    assert.doesNotMatch(JSON.stringify([gone, refused, expired]), /s3cret/);
  });

  it('with a key that Porcupine does not take, and a configuration with a mistake', async (test) => {
    const { folder, flags } = await quietRoom(test);
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, 'not-a-key\n', { mode: 0o600 });
    const [wrong, mistaken] = await Promise.all([
      visit([...flags, `--hotword.porcupine.access_key_file=${keyFile}`, '--hotword.phrases=computer']),
      visit(['--mic.gain_db=loud']),
    ]);
    const refusals = wrong.findings.filter(({ text }) => /porcupine refuses.*key/i.test(text));
    assert.deepEqual([refusals.length, refusals[0]?.gravity, wrong.code], [1, 'failure', 0]);
    assert.match(refusals[0]?.remedy ?? '', /access_key_file|console\.picovoice\.ai/);
    assert.ok(wrong.findings.some(({ text }) => text === 'pocketsphinx listens for "computer"'));
    assert.equal(theFailure(mistaken).subject, 'configuration');
    assert.match(theFailure(mistaken).text, /mic\.gain_db/);
  });
});

/** Plays into the microphone until it is ended. */
function play(sound: VirtualSound, samples: Int16Array) {
  const child = spawn('pacat', ['--playback', '--raw', '-d', 'mic', '--rate=16000', '--channels=1', '--format=s16le'], {
    env: sound.env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(bytesOf(samples));
  return child;
}
