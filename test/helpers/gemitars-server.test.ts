import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { WebSocket } from 'ws';
import { bytesOf, samplesOf } from '../../src/pcm/format.js';
import { answer, converse, NEVER_ENDING, OLD_GENERATION, OVERTAKEN, spokenTo } from './gemitars-scripts.js';
import { GemitarsServer, type ReplyOptions } from './gemitars-server.js';

const REPLY = Int16Array.from({ length: 5_000 }, (_, i) => i - 2_500);
const AT_ONCE: ReplyOptions = { speed: Number.POSITIVE_INFINITY };
const FRAME = new Int16Array(1_280).fill(1_000);

let server: GemitarsServer;
const clients: WebSocket[] = [];

beforeEach(async () => {
  server = new GemitarsServer();
  await server.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await server.stop();
});

/** A connected client and what it was sent: texts as their `type`, audio as bytes. */
async function connect() {
  const client = new WebSocket(server.url);
  clients.push(client);
  const messages: (string | Buffer)[] = [];
  client.on('message', (data: Buffer, isBinary) => messages.push(isBinary ? data : JSON.parse(data.toString()).type));
  await once(client, 'open');
  const audio = () => samplesOf(Buffer.concat(messages.filter((message) => typeof message !== 'string')));
  const order = () => messages.map((message) => (typeof message === 'string' ? message : 'audio'));
  return { client, messages, audio, order };
}

const say = (client: WebSocket, type: string) => client.send(JSON.stringify({ type }));

test('the audio of a conversation is what came between its hotword and its end', async () => {
  const { client } = await connect();
  client.send(bytesOf(FRAME));
  say(client, 'hotword_detected');
  client.send(bytesOf(FRAME.map(() => 7)));
  client.send(bytesOf(FRAME.map(() => 8)));
  say(client, 'session_end');
  client.send(bytesOf(FRAME));
  say(client, 'hotword_detected');
  client.send(bytesOf(FRAME.map(() => 9)));
  await server.until(() => server.all('audio').length === 5);
  assert.deepEqual([...new Set(server.audio(0))], [7, 8]);
  assert.equal(server.audio(0).length, 2 * FRAME.length);
  assert.deepEqual([...new Set(server.audio())], [9]);
  assert.equal(server.strayBlocks().length, 2);
  assert.equal(server.state, 'active');
});

test('a message is waited for once, whether it came before or comes later', async () => {
  const { client } = await connect();
  say(client, 'hotword_detected');
  const first = await server.next('hotword_detected');
  const second = server.next('hotword_detected');
  say(client, 'hotword_detected');
  assert.ok((await second).atMs >= first.atMs);
  await assert.rejects(server.next('hotword_detected', 20), /hotword_detected.*received: open, hotword_detected/);
});

test('a reply arrives whole and in order', async () => {
  const { client, audio, order } = await connect();
  say(client, 'hotword_detected');
  await server.next('hotword_detected');
  const turn = answer(server, REPLY, AT_ONCE);
  await server.until(() => server.state === 'speaking');
  client.once('message', () => say(client, 'playback_complete'));
  const { reply } = await turn;
  assert.equal(reply.isCut, false);
  assert.deepEqual(audio(), REPLY);
  assert.deepEqual(order(), ['start_of_tts_stream', 'audio', 'audio', 'audio', 'audio', 'tts_stream_end']);
  assert.equal(server.state, 'active');
});

const variants: { name: string; options: ReplyOptions; order: string[] }[] = [
  {
    name: 'the old generation',
    options: OLD_GENERATION,
    order: ['audio', 'audio', 'audio', 'audio', 'tts_stream_end'],
  },
  { name: 'a reply without an end', options: NEVER_ENDING, order: ['start_of_tts_stream', ...Array(4).fill('audio')] },
  {
    name: 'audio after the end marker',
    options: OVERTAKEN,
    order: ['start_of_tts_stream', 'audio', 'audio', 'tts_stream_end', 'audio', 'audio'],
  },
];
for (const { name, options, order } of variants) {
  test(`${name} is sent as told`, async () => {
    const seen = await connect();
    await server.reply(REPLY, { ...AT_ONCE, ...options });
    await server.say('session_end');
    await once(seen.client, 'message');
    while (!seen.order().includes('session_end')) await once(seen.client, 'message');
    assert.deepEqual(seen.order().slice(0, -1), order);
    assert.deepEqual(seen.audio(), REPLY);
  });
}

test('odd chunks cut samples in two', async () => {
  const { client, messages, audio } = await connect();
  await server.reply(REPLY, { ...AT_ONCE, isOdd: true, chunkMs: 50 });
  while (!messages.includes('tts_stream_end')) await once(client, 'message');
  assert.deepEqual(audio(), REPLY);
  assert.equal(messages.filter((message) => message.length % 2 === 1 && typeof message !== 'string').length >= 6, true);
});

test('a reply at twice real time takes half its length', async () => {
  await connect();
  const { firstByteAtMs, lastByteAtMs } = await server.reply(REPLY, { speed: 2, chunkMs: 20 });
  // 312 ms of sound, of which the last chunk is not waited for.
  assert.ok(lastByteAtMs - firstByteAtMs >= 150, `${lastByteAtMs - firstByteAtMs}`);
});

test('a second client is refused, as GemiTARS does', async () => {
  await connect();
  const second = await connect();
  const [code, reason] = await once(second.client, 'close');
  assert.equal(code, 1013);
  assert.equal(`${reason}`, 'Server busy, another client is connected.');
  assert.equal(server.isConnected, true);
});

test('a refused client does not end the conversation of the first', async () => {
  const { client } = await connect();
  say(client, 'hotword_detected');
  client.send(bytesOf(FRAME));
  await server.next('audio');
  await once((await connect()).client, 'close');
  await server.next('close');
  client.send(bytesOf(FRAME));
  await server.next('audio');
  assert.equal(server.audio().length, 2 * FRAME.length);
  assert.equal(server.strayBlocks().length, 0);
});

test('a server told to refuse does so, by status or by close code', async () => {
  server.welcome = { status: 503, headers: { 'Retry-After': '2' } };
  const refused = new WebSocket(server.url);
  const [, response] = await once(refused, 'unexpected-response');
  assert.equal(response.statusCode, 503);
  assert.equal(response.headers['retry-after'], '2');
  response.destroy();
  server.welcome = { closeCode: 1013, reason: 'busy' };
  const { client } = await connect();
  assert.equal((await once(client, 'close'))[0], 1013);
  assert.equal(server.isConnected, false);
});

test('a frozen server answers no ping until it thaws', async () => {
  const { client } = await connect();
  let pongs = 0;
  client.on('pong', () => {
    pongs++;
  });
  client.ping();
  await once(client, 'pong');
  server.freeze();
  client.ping();
  await server.reply(REPLY, AT_ONCE);
  assert.equal(pongs, 1);
  server.thaw();
  await once(client, 'pong');
});

test('a restarted server is on the same port; a crashed one leaves a torn connection', async () => {
  const { url } = server;
  const first = await connect();
  const polite = once(first.client, 'close');
  await server.stop();
  assert.equal((await polite)[0], 1001);
  await server.start();
  assert.equal(server.url, url);
  const second = await connect();
  const torn = once(second.client, 'close');
  await server.crash();
  assert.equal((await torn)[0], 1006);
  assert.deepEqual(
    server.all('open').map(({ connection }) => connection),
    [1, 2],
  );
});

test('a reply into a lost connection says that it was cut', async () => {
  const { client } = await connect();
  const reply = server.reply(REPLY, { speed: 1 });
  await once(client, 'message');
  server.terminate();
  assert.equal((await reply).isCut, true);
});

test('a conversation waits for speech and then silence', async () => {
  const { client } = await connect();
  let isOver = false;
  const turn = converse(server, REPLY, AT_ONCE);
  say(client, 'hotword_detected');
  const end = spokenTo(server, { silenceMs: 160 }).then(() => {
    isOver = true;
  });
  client.send(bytesOf(new Int16Array(16_000)));
  client.send(bytesOf(FRAME));
  await server.until(() => server.all('audio').length === 2);
  assert.equal(isOver, false);
  client.send(bytesOf(new Int16Array(16_000)));
  await end;
  await once(client, 'message');
  say(client, 'playback_complete');
  assert.ok((await turn).playbackComplete.atMs > 0);
});
