import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { AssistantServer, type AssistantServerOptions } from '../../src/assistant/server.js';
import { systemClock } from '../../src/clock.js';
import { ConnectionError } from '../../src/errors.js';
import { bytesOf } from '../../src/pcm/format.js';
import { within } from '../helpers/processes.js';
import { concat, silence } from '../helpers/speech.js';
import { speechLike } from '../helpers/synthetic-speech.js';
import { captureLog, FakeClock } from '../link/support.js';

const LIMIT_MS = 10_000;

async function serve(t: TestContext, options: Partial<AssistantServerOptions> = {}) {
  const server = new AssistantServer({
    endOfSpeechMs: 300,
    silenceLimitMs: 10_000,
    clock: systemClock,
    log: captureLog().log,
    ...options,
  });
  t.after(() => server.close());
  const { url } = await server.start();
  return { server, url };
}

/** A device that remembers what it got: the type of a text message, the bytes of a binary one. */
class Device {
  readonly ws: WebSocket;
  readonly got: (string | Buffer)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: (() => void) | undefined;

  constructor(url: string, ws = new WebSocket(url)) {
    this.ws = ws;
    ws.on('error', () => undefined); // the close tells
    ws.on('message', (data: Buffer, isBinary) => {
      this.got.push(isBinary ? data : JSON.parse(data.toString()).type);
      this.#waiting?.();
    });
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  static async connect(t: TestContext, url: string): Promise<Device> {
    const device = new Device(url);
    t.after(() => device.ws.terminate());
    await once(device.ws, 'open');
    return device;
  }

  tell(type: string): void {
    this.ws.send(JSON.stringify({ type }));
  }

  say(sound: Int16Array): void {
    const pcm = bytesOf(sound);
    for (let at = 0; at < pcm.length; at += 5120) this.ws.send(pcm.subarray(at, at + 5120));
  }

  async until(type: string): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      const look = () => {
        if (this.got.includes(type)) resolve();
      };
      this.#waiting = look;
      look();
    });
    await within(arrived, LIMIT_MS, () => `${type}; got ${this.got.filter((item) => typeof item === 'string')}`);
  }

  get audioBytes(): number {
    return this.got.reduce((sum, item) => sum + (typeof item === 'string' ? 0 : item.length), 0);
  }
}

const QUESTION = concat(silence(300), speechLike(600, -26), silence(600));

describe('assistant server', () => {
  test('holds a conversation of two turns over a real socket', async (t) => {
    const { url } = await serve(t);
    assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+$/);
    const device = await Device.connect(t, `${url}/any/path?at=all`);
    device.tell('hotword_detected');
    for (let turn = 0; turn < 2; turn++) {
      device.got.length = 0;
      device.say(QUESTION);
      await device.until('tts_stream_end');
      assert.equal(device.got[0], 'start_of_tts_stream');
      assert.equal(device.got.at(-1), 'tts_stream_end');
      assert.ok(device.audioBytes > 32 * 1200, `${device.audioBytes} bytes`);
      device.tell('playback_complete');
    }
  });

  test('ends a silent session and keeps the connection', async (t) => {
    const { url } = await serve(t, { silenceLimitMs: 50 });
    const device = await Device.connect(t, url);
    device.tell('hotword_detected');
    await device.until('session_end');
    device.got.length = 0;
    device.tell('hotword_detected');
    await device.until('session_end');
    assert.equal(device.ws.readyState, WebSocket.OPEN);
  });

  test('sends a second device away and takes it when the first has gone', async (t) => {
    const { url } = await serve(t, { silenceLimitMs: 50 });
    const first = await Device.connect(t, url);
    const second = new Device(url);
    const farewell = await second.closed;
    assert.deepEqual(farewell, { code: 1013, reason: 'Server busy, another client is connected.' });
    first.tell('hotword_detected');
    await first.until('session_end');

    first.ws.close();
    await first.closed;
    const third = await Device.connect(t, url);
    third.tell('hotword_detected');
    await third.until('session_end');
  });

  test('forgets the session of a device that was cut off', async (t) => {
    const { url } = await serve(t, { silenceLimitMs: 100 });
    const first = await Device.connect(t, url);
    first.tell('hotword_detected');
    first.say(QUESTION);
    await first.until('start_of_tts_stream');
    first.ws.terminate();
    await first.closed;

    const second = await takenIn(t, url);
    second.tell('hotword_detected');
    await second.until('session_end');
    assert.ok(!second.got.includes('start_of_tts_stream'));
  });

  test('goes on after nonsense, and refuses a message over 1 MiB', async (t) => {
    const { url } = await serve(t, { silenceLimitMs: 50 });
    const device = await Device.connect(t, url);
    for (const text of ['', '{', '{"type":"dance"}', '[]']) device.ws.send(text);
    device.ws.send(Buffer.alloc(3));
    device.tell('hotword_detected');
    await device.until('session_end');
    device.ws.send(Buffer.alloc(1024 * 1024 + 1));
    assert.equal((await device.closed).code, 1009);
  });

  test('says goodbye at its end', async (t) => {
    const { server, url } = await serve(t);
    const device = await Device.connect(t, url);
    device.tell('hotword_detected');
    device.say(QUESTION);
    await device.until('start_of_tts_stream');
    await within(server.close(), 1000, () => 'close');
    assert.deepEqual(await device.closed, { code: 1001, reason: 'Server is shutting down.' });
    await server.close();
    const late = new Device(url);
    assert.equal((await late.closed).code, 1006);
  });

  test('is gone within a second, also from peers that do not answer', async (t) => {
    const { server, url } = await serve(t);
    const { port } = new URL(url);
    const device = await Device.connect(t, url);
    device.ws.pause();
    const mute = connect(Number(port), '127.0.0.1');
    const muteClosed = once(mute, 'close');
    mute.on('error', () => undefined);
    await once(mute, 'connect');
    // An answer on another connection shows that the server has taken in the mute one before it.
    await fetch(`http://127.0.0.1:${port}/`);
    await within(server.close(), 1000, () => 'close');
    mute.resume();
    await within(muteClosed, 1000, () => 'the mute connection');
  });

  test('can be closed before it was started, and while it starts', async () => {
    const options = { endOfSpeechMs: 300, silenceLimitMs: 1000, clock: systemClock, log: captureLog().log };
    await new AssistantServer(options).close();
    const server = new AssistantServer(options);
    const starting = server.start();
    await server.close();
    const late = new Device((await starting).url);
    assert.equal((await late.closed).code, 1006);
  });

  test('says in words why it cannot listen', async (t) => {
    const { url } = await serve(t);
    const port = Number(new URL(url).port);
    await assert.rejects(serve(t, { port }), (error) => {
      assert.ok(error instanceof ConnectionError);
      assert.equal(
        error.message,
        `the assistant cannot listen on 127.0.0.1:${port}: another program listens there already; end it or choose another port`,
      );
      return true;
    });
    await assert.rejects(serve(t, { host: '192.0.2.1' }), /192\.0\.2\.1:0: this machine has no such address; choose/);
  });

  test('does not talk with web pages', async (t) => {
    const { url } = await serve(t);
    const page = new WebSocket(url, { origin: 'http://example.org' });
    const [error] = await once(page, 'error').catch((reason: unknown) => [reason]);
    assert.match(String(error), /403/);
    const answer = await fetch(url.replace('ws:', 'http:'));
    assert.equal(answer.status, 426);
    await answer.text();
  });

  test('lets a device go that answers no ping, so that the next one finds a place', async (t) => {
    const clock = new FakeClock();
    const { url } = await serve(t, { clock });
    const dead = new Device(url, new WebSocket(url, { autoPong: false }));
    t.after(() => dead.ws.terminate());
    await once(dead.ws, 'open');
    clock.advance(20_000);
    await once(dead.ws, 'ping');
    clock.advance(20_000);
    assert.equal((await dead.closed).code, 1006);

    const alive = await takenIn(t, url);
    for (let i = 0; i < 3; i++) {
      const pinged = once(alive.ws, 'ping');
      clock.advance(20_000);
      await pinged;
      // The pong travels before the answer to this question does.
      const answered = once(alive.ws, 'pong');
      alive.ws.ping();
      await answered;
    }
    assert.equal(alive.ws.readyState, WebSocket.OPEN);
  });
});

/** Connects until the server has noticed that the device before is gone. */
async function takenIn(t: TestContext, url: string): Promise<Device> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const device = await Device.connect(t, url);
    const answered = new Promise<boolean>((resolve) => device.ws.once('pong', () => resolve(true)));
    device.ws.ping();
    if (await Promise.race([answered, device.closed.then(() => false)])) return device;
  }
  throw new Error('the server stayed busy');
}
