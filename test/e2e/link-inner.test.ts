import assert from 'node:assert/strict';
import { it } from 'node:test';
import { samplesOf } from '../../src/pcm/format.js';
import { type GemitarsServer, type Received, serving } from '../helpers/gemitars-server.js';
import { type InnerDevice, startInnerDevice } from '../helpers/inner-device.js';
import { isUnbroken, lagMs, numbered } from '../helpers/numbered.js';
import { RATE_HZ } from '../helpers/sound-tap.js';

const RESTARTS = 100;
/** Of the device's clock, so that seconds of conversation take tenths. */
const SPEED = 10;
const PRE_ROLL_MS = 500;
/** A file's chunk and a late event loop, on the fast clock. */
const SLACK_MS = 600;

const real = (deviceMs: number) => new Promise<void>((resolve) => setTimeout(resolve, deviceMs / SPEED));

/** One turn with a reply, as far as it gets; resolves when the device listens again. */
async function converse(device: InnerDevice, server: GemitarsServer, reply: Int16Array): Promise<void> {
  const from = device.events.length;
  const isOver = () => device.events.slice(from).some(({ fields }) => fields.to === 'listening');
  const came = (name: string) => device.events.slice(from).some((event) => event.name === name);
  device.talk();
  await device.until(() => came('session.started') || isOver(), 'a conversation, or none');
  await real(400);
  if (!isOver()) await server.reply(reply, { speed: 2 * SPEED });
  await device.until(() => came('reply.completed') || isOver(), 'the end of a reply, or of the conversation');
  if (!isOver()) await server.endSession();
  await device.until(isOver, 'listening again');
}

/** The server goes away in one of the ways there are, at a random moment, and comes back a random while later. */
async function restart(server: GemitarsServer, round: number): Promise<void> {
  await real(Math.random() * 2_000);
  if (round % 3 === 0) {
    server.terminate();
    return;
  }
  await (round % 3 === 1 ? server.crash() : server.stop());
  await real(Math.random() * 1_500);
  await server.start();
}

/** The stretches of the microphone's sound that arrived: one for each turn of the person. */
function turns(received: readonly Received[]): Int16Array[] {
  const open = new Map<number, Buffer[]>();
  const all: Buffer[][] = [];
  for (const { message, connection, pcm } of received) {
    if (message === 'hotword_detected' || message === 'playback_complete') {
      const blocks: Buffer[] = [];
      open.set(connection, blocks);
      all.push(blocks);
    }
    if (pcm) open.get(connection)?.push(pcm);
  }
  return all.filter((blocks) => blocks.length > 0).map((blocks) => samplesOf(Buffer.concat(blocks)));
}

/** How many samples of a sound are not in a recording where it begins there, one after the other. */
function missingFrom(sound: Int16Array, recording: Int16Array): number {
  const start = recording.findIndex((sample, i) => sample === sound[1] && recording[i + 1] === sound[2]) - 1;
  return start < 0 ? sound.length : sound.filter((sample, i) => recording[start + i] !== sample).length;
}

it(`a server restarted ${RESTARTS} times at random moments of a conversation: nothing late, nothing lost, found each time`, async (test) => {
  const server = await serving(test);
  const reply = numbered(600);
  const device = await startInnerDevice(test, {
    settings: { 'server.url': server.url },
    heard: numbered(15 * 60_000),
    speed: SPEED,
  });
  const [ready] = device.all('mic.ready');
  assert.ok(ready);
  const struck: Record<string, number> = {};
  for (let round = 0; round < RESTARTS; round++) {
    const hotwords = server.all('hotword_detected').length;
    const heardAtMs = device.clock.nowMs() - ready.atMs;
    const changes = device.all('state.changed').length;
    await Promise.all([converse(device, server, reply), restart(server, round)]);
    assert.equal(device.state, 'listening');
    for (const { fields } of device.all('state.changed').slice(changes)) {
      if (fields.why.startsWith('link.down') || fields.why === 'no connection in time')
        struck[fields.from] = (struck[fields.from] ?? 0) + 1;
    }
    const begun = server.all('hotword_detected').slice(hotwords);
    assert.ok(begun.length <= 1, `round ${round + 1}: ${begun.length} conversations, one of them late`);
    const [first] = server.blocks();
    if (begun.length === 0 || first?.pcm === undefined) continue;
    const lag = lagMs(first.pcm.readInt16LE(), heardAtMs);
    assert.ok(
      Math.abs(lag + PRE_ROLL_MS) < SLACK_MS,
      `round ${round + 1}: the first sample is ${lag} ms off the start`,
    );
  }
  test.diagnostic(`where the losses struck: ${JSON.stringify(struck)}`);
  assert.ok(Object.keys(struck).length >= 2, 'the moments were not random');

  const heard = turns(server.received);
  assert.ok(heard.length >= RESTARTS / 4, `${heard.length} turns`);
  for (const [index, samples] of heard.entries()) assert.ok(isUnbroken(samples), `turn ${index + 1} has a gap`);
  let isUp = false;
  for (const { name } of device.events) {
    if (name === 'link.up') assert.equal(isUp, false, 'up twice');
    if (name === 'link.up' || name === 'link.down') isUp = name === 'link.up';
  }

  // Only a device that has noticed the last loss connects anew.
  await server.stop();
  const opened = server.all('open').length;
  await server.start();
  await server.until(() => server.all('open').length > opened, 10_000, 'a new connection');
  const completed = server.all('playback_complete').length;
  await converse(device, server, reply);
  assert.equal(server.all('playback_complete').length, completed + 1);
});

it('a reply of three minutes sent as fast as TCP takes it: nothing lost, no more of it kept than allowed', async (test) => {
  const server = await serving(test);
  const device = await startInnerDevice(test, {
    settings: { 'server.url': server.url, 'cues.enabled': 'false', 'speaker.buffer_limit_ms': '60000' },
    heard: new Int16Array(RATE_HZ),
    speed: 2 * SPEED,
  });
  await device.until(() => device.all('link.up').length > 0, 'link.up');
  const reply = numbered(180_000);
  device.talk();
  await server.next('hotword_detected');
  // Big messages, so that the server is the faster one also where it shares a busy machine with the device.
  const sending = server.reply(reply, { speed: Number.POSITIVE_INFINITY, chunkMs: 1_000 });
  await server.next('playback_complete', 30_000);
  assert.equal((await sending).isCut, false);
  const waiting = device.lines.filter(({ hold }) => hold === true).map(({ waitingMs }) => Number(waitingMs));
  assert.ok(waiting.length > 0, 'the server was read all the time');
  // The bound, and the 64 KiB that the socket had read already.
  assert.ok(Math.max(...waiting) <= 63_000, `${Math.max(...waiting)} ms of the reply waited`);
  test.diagnostic(`reading held ${waiting.length} times, with at most ${Math.max(...waiting)} ms of sound waiting`);
  assert.equal(device.all('reply.completed').length, 1);
  assert.equal(device.all('link.down').length, 0);
  await server.endSession();
  await device.until(() => device.state === 'listening', 'listening');

  assert.equal(missingFrom(reply, await device.played()), 0);
});
