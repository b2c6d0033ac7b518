import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { synthesiseCues } from '../../src/cues/cues.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { align, find } from '../helpers/correlate.js';
import { type Device, startDevice } from '../helpers/device.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { serving } from '../helpers/gemitars-server.js';
import { Relay } from '../helpers/relay.js';
import { furnish, type Room, utter } from '../helpers/room.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { concat, say, silence } from '../helpers/speech.js';
import { Certificates, tcpServer } from '../link/servers.js';

const OFFLINE_CUE = synthesiseCues(RATE_HZ).offline;
const TOKEN = 's3sam3-0p3n-t0k3n';

interface RelayedRoom extends Room {
  relay: Relay;
}

/** A room whose server is behind a relay. */
async function furnishBehindRelay(test: TestContext, flags: readonly string[] = []): Promise<RelayedRoom> {
  const relay = new Relay(0);
  test.after(() => relay.close());
  await relay.listen();
  const address = `--server.url=ws://127.0.0.1:${relay.port}`;
  // With the `speaker` package a cue is lost where its child is slow to be silent and is replaced.
  const room = await furnish(test, { hasServer: false, flags: [address, '--speaker.backend=aplay', ...flags] });
  relay.targetPort = Number(new URL(room.server.url).port);
  await room.server.start();
  room.device.signal('SIGHUP');
  await room.device.waitFor('link.up');
  return { ...room, relay };
}

/** The person wakes the device and speaks; resolves in their turn. */
async function speakTo({ sound, server }: Room): Promise<void> {
  await sound.speak((await utter('hello there')).sound);
  await server.next('hotword_detected');
}

/** The offline cue as it sounded, within a moment of `atMs`. */
async function hearsOfflineCue({ sound: { speaker } }: Room, atMs: number): Promise<boolean> {
  await speaker.until(() => speaker.endMs >= atMs + 700, 3_000);
  return find(OFFLINE_CUE, speaker.recording(atMs - 100, atMs + 700)).correlation >= 0.9;
}

type Lead = (room: Room) => Promise<unknown>;

const STATES: Record<string, Lead> = {
  'activeSession.userTurn': speakTo,
  'activeSession.reply': async (room) => {
    await speakTo(room);
    const sending = room.server.reply(await say('This reply is long enough to be lost in the middle of it.'), {
      speed: 1,
    });
    await room.device.waitFor('reply.started');
    return sending;
  },
  'activeSession.draining': async (room) => {
    await speakTo(room);
    await room.server.reply(await say('This reply is with the device as a whole, and plays for a while yet.'), {
      speed: 50,
    });
    await room.device.waitForState('activeSession.draining');
  },
};

interface Loss {
  /** The device must be listening again within this. */
  limitMs: number;
  strike(room: RelayedRoom): Promise<void> | void;
  mend(room: RelayedRoom): Promise<void>;
}

const LOSSES: Record<string, Loss> = {
  'a black hole': {
    limitMs: 4_000,
    strike: ({ relay }) => relay.blackHole('both', true),
    mend: async ({ relay }) => {
      relay.drop();
      await relay.heal();
    },
  },
  'a crash of the server': {
    limitMs: 300,
    strike: ({ server }) => server.crash(),
    mend: ({ server }) => server.start(),
  },
};

const MARGIN_MS = 400;

describe('the link lost in a conversation', () => {
  for (const [name, { limitMs, strike, mend }] of Object.entries(LOSSES)) {
    it(`by ${name}: the offline cue, listening within ${limitMs} ms, and the next conversation works`, async (test) => {
      const room = await furnishBehindRelay(test);
      const { server, device } = room;
      for (const [state, lead] of Object.entries(STATES)) {
        device.mark();
        // Each lead is also the proof that a conversation begins after the loss before.
        const sending = lead(room);
        await (state === 'activeSession.reply' ? device.waitFor('reply.started', { timeoutMs: 15_000 }) : sending);
        assert.equal(device.state, state);
        const struckAtMs = performance.now();
        await strike(room);
        const back = await device.waitFor('state.changed', { where: ({ to }) => to === 'listening' });
        const tookMs = back.atMs - struckAtMs;
        test.diagnostic(`${name} in ${state}: listening after ${Math.round(tookMs)} ms`);
        assert.ok(tookMs <= limitMs + MARGIN_MS, `${state}: ${tookMs} ms`);
        assert.match(back.why, /^link\.down: /);
        assert.ok(await hearsOfflineCue(room, back.atMs), `${state}: no offline cue`);
        await mend(room);
        await sending;
      }
      const hotwords = server.all('hotword_detected').length;
      await speakTo(room);
      await answer(server, await say('All is well.'));
      assert.equal(server.all('hotword_detected').length, hotwords + 1);
      assert.equal(server.all('playback_complete').length, 1, 'a completion sent late, or none');
      assert.equal(server.all('session_end').length, 0, 'the end of a lost conversation was sent late');
      assert.equal(server.strayBlocks().length, 0);
    });
  }
});

describe('a hotword while the way to the server refuses', () => {
  it('is an offline cue after the grace; within the grace all that was said arrives', async (test) => {
    const room = await furnishBehindRelay(test, ['--session.connect_grace_ms=2000']);
    const { sound, server, device, relay } = room;
    device.mark();
    await relay.refuse();
    relay.drop();
    await device.waitFor('link.down');
    await sound.speak((await utter('is anybody there')).sound);
    const given = await device.waitFor('state.changed', { where: ({ why }) => why === 'no connection in time' });
    assert.equal(given.to, 'listening');
    assert.ok(await hearsOfflineCue(room, given.atMs), 'no offline cue');

    device.mark();
    const { sound: words, hotwordEnd } = await utter('and this is said before there is a connection');
    const speaking = sound.speak(words);
    await device.waitFor('state.changed', { where: ({ to }) => to === 'hotwordDetected' });
    await relay.listen();
    const sinceMs = performance.now();
    const up = await device.waitFor('link.up');
    assert.ok(up.atMs - sinceMs <= 1_000, `${up.atMs - sinceMs} ms from "server back" to link.up`);
    await speaking;
    await answer(server, await say('Every word of it.'));
    const heard = align(words.subarray(hotwordEnd), server.audio());
    assert.ok(heard.correlation >= 0.99);
    assert.deepEqual([heard.missing, heard.doubled, heard.damaged], [0, 0, 0]);
    assert.ok(heard.offset >= 8_000, `${heard.offset} samples of pre-roll`);
    assert.equal(server.all('hotword_detected').length, 1, 'the first one is not sent late');
  });
});

describe('a reply without end, as fast as TCP takes it', () => {
  it('is slowed down, cut at session.reply_limit_ms with a line in the log, and costs no memory', async (test) => {
    const LIMIT_MS = 4_000;
    const room = await furnish(test, { flags: [`--session.reply_limit_ms=${LIMIT_MS}`] });
    const { server, device } = room;
    await speakTo(room);
    device.mark();
    await server.say('start_of_tts_stream');
    const second = new Uint8Array(replyOfNoise());
    const before = residentMib(device);
    let sentSeconds = 0;
    let peak = 0;
    while (server.all('session_end').length === 0 && (await server.send(second))) {
      sentSeconds += 1;
      peak = Math.max(peak, residentMib(device));
    }
    const cut = await device.waitFor('state.changed', { where: ({ why }) => why === 'reply limit' });
    const started = await device.waitFor('reply.started');
    assert.deepEqual([cut.from, cut.to], ['activeSession.reply', 'listening']);
    const tookMs = cut.atMs - started.atMs;
    assert.ok(tookMs > LIMIT_MS - 300 && tookMs < LIMIT_MS + MARGIN_MS, `cut after ${tookMs} ms`);
    assert.equal((await device.waitFor('session.ended')).reason, 'reply limit');
    test.diagnostic(
      `${sentSeconds} s of sound sent; resident memory ${before.toFixed(0)} MiB, at most ${peak.toFixed(0)}`,
    );
    assert.ok(sentSeconds < 900, `${sentSeconds} s of sound were taken in ${tookMs} ms`);
    assert.ok(peak - before < 40, `${before} MiB → ${peak} MiB`);
    await server.endSession();
    assert.equal(device.all('link.down').length, 0, 'the connection was lost');
    await speakTo(room);
    await answer(server, await say('Well again.'));
  });
});

function replyOfNoise(): ArrayBuffer {
  const samples = new Int16Array(RATE_HZ).map((_, i) => ((i * 7_919) % 2_000) - 1_000);
  return samples.buffer;
}

function residentMib(device: Device): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${device.pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

/** A folder for one test, with a microphone's sound in it and flags for a device that needs no sound card. */
async function soundless(test: TestContext, heard: Int16Array = silence(100)) {
  const folder = await mkdtemp(join(tmpdir(), 'tars-link-e2e-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  await writeWav(join(folder, 'heard.wav'), heard, RATE_HZ);
  const put = async (name: string, content: string) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const flags = [
    '--mic.backend=file',
    `--mic.device=${join(folder, 'heard.wav')}`,
    '--speaker.backend=file',
    `--speaker.device=${join(folder, 'played.wav')}`,
    '--log.level=trace',
  ];
  return { put, flags };
}

/** Everything that a device has printed. */
function outputOf({ lines, strayLines, errorLines }: Device): string {
  return [JSON.stringify(lines), ...strayLines, ...errorLines].join('\n');
}

describe('the token', () => {
  const SECRETS = new RegExp(`${TOKEN}|qu3ry-s3cr3t`);

  it('refused: once a minute and in clear words, at once on SIGHUP, and never in what is printed', async (test) => {
    const server = await serving(test);
    const { put, flags } = await soundless(test);
    const own = [
      ...flags,
      `--server.url=${server.url}/talk?key=qu3ry-s3cr3t`,
      `--server.token_file=${await put('token', `${TOKEN}\n`)}`,
      '--hotword.engine=none',
    ];
    server.welcome = { status: 401 };
    const device = await startDevice(test, { flags: own });
    const refused = await device.waitFor('link.down');
    assert.deepEqual([refused.code, refused.retryInMs], [401, 60_000]);
    assert.match(refused.reason, /refused the token.*server\.token_file/);
    await device.waitForState('listening');

    server.welcome = {};
    device.signal('SIGHUP');
    await device.waitFor('link.up', { timeoutMs: 1_000 });
    assert.equal(server.all('open').at(-1)?.headers?.authorization, `Bearer ${TOKEN}`);

    device.mark();
    server.welcome = { closeCode: 1008, reason: `not ${TOKEN}` };
    server.terminate();
    const closed = await device.waitFor('link.down', { where: ({ code }) => code === 1008 });
    assert.match(closed.reason, /refuses this device.*"not \*\*\*"/);
    assert.equal(closed.retryInMs, 60_000);
    await device.stop();
    assert.doesNotMatch(outputOf(device), SECRETS);
    assert.match(outputOf(device), /key=\*\*\*/);

    const shown = await startDevice(test, { command: 'config', flags: own });
    assert.equal((await shown.exited).code, 0);
    assert.match(outputOf(shown), /key=\*\*\*/);
    assert.doesNotMatch(outputOf(shown), SECRETS);
  });

  it('in a file that is no token is an error that does not show it', async (test) => {
    const { put, flags } = await soundless(test);
    const tokenFile = await put('token', `${TOKEN}\n${TOKEN}\n`);
    const device = await startDevice(test, {
      flags: [...flags, '--server.url=ws://127.0.0.1:1', `--server.token_file=${tokenFile}`, '--hotword.engine=none'],
    });
    assert.equal((await device.exited).code, 78);
    assert.match(outputOf(device), /server\.token_file.*on one line/);
    assert.doesNotMatch(outputOf(device), SECRETS);
  });

  it('does not go over plain ws to another host: nothing is dialled, and the reason names the remedy', async (test) => {
    let accepted = 0;
    const stranger = await tcpServer(() => {
      accepted += 1;
    });
    test.after(() => stranger.close());
    const { put, flags } = await soundless(test);
    const device = await startDevice(test, {
      flags: [
        ...flags,
        // Not a private address, and yet it leads to this machine.
        `--server.url=ws://0.0.0.0:${stranger.port}`,
        `--server.token_file=${await put('token', TOKEN)}`,
        '--hotword.engine=none',
      ],
    });
    const refused = await device.waitFor('link.down');
    assert.match(refused.reason, /token is not sent unencrypted.*wss.*server\.allow_plaintext/);
    assert.equal(refused.retryInMs, 60_000);
    await device.waitForState('listening');
    device.mark();
    device.signal('SIGHUP');
    await device.waitFor('link.down');
    assert.equal(accepted, 0);
    assert.doesNotMatch(outputOf(device), SECRETS);
  });
});

describe('wss', () => {
  it('with an authority of its own: a whole conversation; without the authority: refused in clear words', async (test) => {
    const server = await serving(test);
    const certificates = new Certificates();
    test.after(() => certificates.close());
    const port = await encrypting(test, certificates, Number(new URL(server.url).port));
    const { sound, hotwordEnd } = await utter('this is nobody else to hear');
    const { put, flags } = await soundless(test, concat(silence(800), sound));
    const address = [`--server.url=wss://127.0.0.1:${port}`, `--server.token_file=${await put('token', TOKEN)}`];

    const stranger = await startDevice(test, { flags: [...flags, ...address, '--hotword.engine=none'] });
    const refused = await stranger.waitFor('link.down');
    assert.match(refused.reason, /not signed by an authority.*server\.ca_file/);
    assert.equal(refused.retryInMs, 60_000);
    assert.equal(server.all('open').length, 0);
    await stranger.stop();

    const caFile = await put('ca.pem', certificates.ca);
    const device = await startDevice(test, { flags: [...flags, ...address, `--server.ca_file=${caFile}`] });
    await server.next('hotword_detected');
    assert.equal(server.all('open').at(-1)?.headers?.authorization, `Bearer ${TOKEN}`);
    const wishMs = ((sound.length - hotwordEnd) * 1_000) / RATE_HZ;
    await server.until(() => server.audio().length >= ((wishMs + 500) * RATE_HZ) / 1_000);
    await answer(server, await say('It stays between us.'));
    const heard = align(sound.subarray(hotwordEnd), server.audio());
    assert.deepEqual([heard.missing, heard.doubled, heard.damaged], [0, 0, 0]);
    assert.equal(device.all('reply.completed').length, 1);
  });
});

/** Ends TLS in front of a port of loopback; resolves with the port of its own. */
async function encrypting(test: TestContext, certificates: Certificates, targetPort: number): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTlsServer(certificates.issue('server', 'IP:127.0.0.1'), (secure) => {
    const plain = connect(targetPort, '127.0.0.1');
    for (const socket of [secure, plain]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    secure.pipe(plain).pipe(secure);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
