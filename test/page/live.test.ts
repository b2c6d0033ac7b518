import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type ClientOptions, WebSocket } from 'ws';
import type { MeterFrame, PageMessage, Picture, Said } from '../../src/page/messages.js';
import { Watch } from '../helpers/watch.js';
import { FakeClock } from '../link/support.js';
import { ask, startPage } from './support.js';

/** A page's connection: everything that came, and the HTTP status where it was refused. */
class Visitor {
  readonly messages: PageMessage[] = [];
  status: number | undefined;
  isClosed = false;
  readonly #socket: WebSocket;
  readonly #watch = new Watch();

  constructor(test: TestContext, url: string, headers: Readonly<Record<string, string>>, options: ClientOptions = {}) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}live`, { ...options, headers });
    this.#socket = socket;
    test.after(() => socket.terminate());
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as PageMessage);
      this.#watch.notify();
    });
    socket.on('unexpected-response', (_, response) => {
      this.status = response.statusCode;
      this.#watch.notify();
    });
    socket.on('error', () => this.#watch.notify());
    socket.on('close', () => {
      this.isClosed = true;
      this.#watch.notify();
    });
  }

  say(command: object | string): void {
    this.#socket.send(typeof command === 'string' ? command : JSON.stringify(command));
  }

  leave(): void {
    this.#socket.close();
  }

  /** Resolves as soon as there is what is looked for. */
  async until<T>(look: () => T | undefined): Promise<T> {
    return this.#watch.for(look, 5_000, () => `something on the page; ${JSON.stringify(this.messages).slice(0, 500)}`);
  }

  get pictures(): Picture[] {
    return this.messages.filter((message): message is Picture => message.type === 'picture');
  }

  get frames(): MeterFrame[] {
    return this.messages.filter((message): message is MeterFrame => message.type === 'meter');
  }

  get said(): Said[] {
    return this.messages.filter((message): message is Said => message.type === 'said');
  }
}

async function visited(test: TestContext) {
  const served = await startPage(test);
  const visitor = new Visitor(test, served.url, { origin: new URL(served.url).origin });
  const picture = await visitor.until(() => visitor.pictures[0]);
  return { ...served, visitor, picture };
}

describe('who is let in to the page', () => {
  it('is nobody of another origin, without one, or by another name', async (test) => {
    const { url } = await startPage(test);
    const { host, origin } = new URL(url);
    for (const [headers, status] of [
      [{ origin: 'http://evil.example' }, 403],
      [{ origin: 'http://localhost:3000' }, 403],
      [{}, 403],
      [{ origin: 'http://evil.example', host: 'evil.example' }, 421],
      [{ origin, host }, undefined],
    ] as const) {
      const visitor = new Visitor(test, url, headers);
      assert.equal(await visitor.until(() => visitor.status ?? visitor.pictures[0]?.type), status ?? 'picture');
    }
  });

  it('is who brings the token, or the cookie that it buys', async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'tars-page-'));
    test.after(() => rmSync(folder, { recursive: true, force: true }));
    const token_file = join(folder, 'token');
    writeFileSync(token_file, 'a-token-of-this-test');
    const { url } = await startPage(test, { token_file });
    const { origin } = new URL(url);
    const stranger = new Visitor(test, url, { origin });
    assert.equal(await stranger.until(() => stranger.status), 401);

    const question = await ask(url);
    assert.equal(question.status, 401);
    assert.match(question.body, /<form method="post" action="\/login">/);
    assert.equal((await ask(`${url}page.js`)).status, 401);
    assert.equal((await ask(`${url}page.css`)).status, 200);
    const logIn = (token: string, from: string) =>
      ask(`${url}login`, { origin: from }, { method: 'POST', body: `token=${token}` });
    assert.equal((await logIn('a-token-of-this-test', 'http://evil.example')).status, 403);
    const wrong = await logIn('a-guess', origin);
    assert.equal(wrong.status, 401);
    assert.match(wrong.body, /That is not the token/);
    assert.equal(wrong.headers['set-cookie'], undefined);
    assert.equal((await logIn('x'.repeat(5_000), origin)).status, 401);
    const right = await logIn('a-token-of-this-test', origin);
    assert.deepEqual([right.status, right.headers.location], [303, '/']);
    const cookie = String(right.headers['set-cookie']).split(';')[0] ?? '';
    assert.match((await ask(url, { cookie })).body, /<ol id="turns"/);
    const visitor = new Visitor(test, url, { origin, cookie });
    assert.equal((await visitor.until(() => visitor.pictures[0])).state, 'listening');
  });
});

describe('a page that is open', () => {
  it('gets a picture at once, and another when something happens', async (test) => {
    const { journal, device, visitor, picture } = await visited(test);
    assert.deepEqual(picture.thresholds, [{ phrase: 'hey tars', threshold: 0.5 }]);
    assert.deepEqual([picture.scale, picture.volume, picture.link.isUp], ['linear', 0.7, true]);
    device.state = 'hotwordDetected';
    journal.record('state.changed', { from: 'listening', to: 'hotwordDetected', why: 'trigger' });
    const next = await visitor.until(() => visitor.pictures[1]);
    assert.deepEqual([next.state, next.turns[0]?.by.kind], ['hotwordDetected', 'key']);
  });

  it('costs the meters nothing before and after', async (test) => {
    const { url, device } = await startPage(test);
    assert.ok(!device.micLevel.isWatched && !device.score.isWatched);
    const visitor = new Visitor(test, url, { origin: new URL(url).origin });
    await visitor.until(() => visitor.pictures[0]);
    assert.ok(device.micLevel.isWatched && device.score.isWatched);
    device.score.show({ phrase: 'hey tars', score: 0.4, isHeard: false });
    device.score.show({ phrase: 'hey tars', score: 0.3, isHeard: false });
    device.micLevel.show({ rmsDb: -31.4, peakDb: -20.2 });
    const frame = await visitor.until(() => visitor.frames[0]);
    assert.deepEqual(frame, {
      type: 'meter',
      rmsDb: -31,
      peakDb: -20,
      scores: { 'hey tars': { score: 0.4, isHeard: false } },
    });
    visitor.leave();
    await device.unwatched();
  });

  it('gets at most ten frames a second, each with the loudest', async (test) => {
    const { device, visitor } = await visited(test);
    for (let i = 0; i < 50; i++) device.micLevel.show({ rmsDb: -50, peakDb: -50 + i });
    await visitor.until(() => visitor.frames[0]);
    device.micLevel.show({ rmsDb: -50, peakDb: -50 });
    visitor.say({ do: 'talk' });
    await visitor.until(() => visitor.pictures[1]);
    assert.equal(visitor.frames.length, 1);
  });

  it('shows a score of PocketSphinx on the scale of its thresholds', async (test) => {
    const { device, visitor } = await visited(test);
    device.engine = 'pocketsphinx';
    device.thresholds.set('hey tars', 1e-25);
    device.score.show({ phrase: 'hey tars', score: 0.5, isHeard: true });
    device.micLevel.show({ rmsDb: -30, peakDb: -30 });
    const { score, isHeard } = (await visitor.until(() => visitor.frames[0])).scores['hey tars'] ?? {};
    assert.ok(isHeard && Math.abs(Math.log10(score ?? 0) + 15) < 1e-6, `${score}`);
  });

  it('does what the person wants, and says what it cannot', async (test) => {
    const { device, visitor } = await visited(test);
    for (const command of [
      { do: 'talk' },
      { do: 'stop' },
      { do: 'mute' },
      { do: 'unmute' },
      { do: 'volume', volume: 0.25 },
      { do: 'threshold', phrase: 'hey tars', threshold: 0.6 },
      { do: 'tone' },
      { do: 'save' },
    ]) {
      visitor.say(command);
    }
    await visitor.until(() => visitor.said[1]);
    assert.deepEqual(device.done, [
      'talk',
      'stop',
      'mute',
      'unmute',
      'volume 0.25',
      'threshold of hey tars: 0.6',
      'tone',
    ]);
    assert.deepEqual(visitor.said.map(({ text }) => text).sort(), [
      'Saved in nowhere; it holds after a restart too.',
      'The test tone was played.',
    ]);
    device.state = 'idle';
    visitor.say({ do: 'talk' });
    const said = await visitor.until(() => visitor.said[2]);
    assert.deepEqual([said.isError, said.text], [true, 'the device does not listen now: it is idle']);
  });

  it('is told of what nobody foresaw, as is the log', async (test) => {
    const { device, visitor, lines } = await visited(test);
    test.mock.method(device, 'testTone', () => Promise.reject(new Error('no more memory')));
    visitor.say({ do: 'tone' });
    assert.deepEqual(await visitor.until(() => visitor.said[0]), {
      type: 'said',
      text: 'that failed: no more memory',
      isError: true,
    });
    assert.ok(lines.some(({ msg, why }) => msg === 'what a page wanted failed' && why === 'no more memory'));
  });

  it('is told off for what is no command, and changes nothing', async (test) => {
    const { device, visitor } = await visited(test);
    const wrong = [
      '',
      '[]',
      '{"do":"reboot"}',
      '{"do":"volume","volume":2}',
      '{"do":"threshold","phrase":"x","threshold":0}',
    ];
    for (const command of wrong) visitor.say(command);
    await visitor.until(() => visitor.said[wrong.length - 1]);
    assert.ok(visitor.said.every(({ isError }) => isError));
    visitor.say({ do: 'save' });
    const said = await visitor.until(() => visitor.said[wrong.length]);
    assert.match(said.text, /neither a threshold nor the volume was changed/);
    assert.deepEqual(device.done, []);
    visitor.say('x'.repeat(5_000));
    await visitor.until(() => visitor.isClosed || undefined);
  });

  it('is one of sixteen', async (test) => {
    const { url } = await startPage(test);
    const { origin } = new URL(url);
    const visitors = Array.from({ length: 17 }, () => new Visitor(test, url, { origin }));
    await Promise.all(visitors.map((one) => one.until(() => one.isClosed || one.pictures[0])));
    assert.equal(visitors.filter(({ isClosed }) => isClosed).length, 1);
  });

  it('is none of them when it is one too many and does not go', async (test) => {
    const { url, device } = await startPage(test);
    const { host, hostname, port, origin } = new URL(url);
    const visitors = Array.from({ length: 16 }, () => new Visitor(test, url, { origin }));
    await Promise.all(visitors.map((one) => one.until(() => one.pictures[0])));
    const surplus = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    test.after(() => surplus.destroy());
    surplus.write(
      `GET /live HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const [answer] = (await once(surplus, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 101 /);
    for (const visitor of visitors) visitor.leave();
    await device.unwatched();
    const next = new Visitor(test, url, { origin });
    await next.until(() => next.pictures[0]);
    surplus.resume();
    if (!surplus.readableEnded) await once(surplus, 'end');
  });

  it('hears every five seconds that the device is there, and is let go when it answers no more', async (test) => {
    const clock = new FakeClock();
    const { url, device } = await startPage(test, {}, clock);
    const { origin } = new URL(url);
    const here = new Visitor(test, url, { origin });
    const gone = new Visitor(test, url, { origin }, { autoPong: false });
    await Promise.all([here, gone].map((one) => one.until(() => one.pictures[0])));
    for (let told = 1; told <= 5; told++) {
      clock.advance(5_000);
      await here.until(() => here.messages.filter(({ type }) => type === 'alive')[told - 1]);
    }
    await gone.until(() => gone.isClosed || undefined);
    assert.ok(!here.isClosed);
    here.leave();
    await device.unwatched();
    assert.equal(clock.pending, 0);
  });

  it("knows which of the server's apps run", async (test) => {
    const { journal, visitor } = await visited(test);
    journal.record('apps.changed', { running: ['org.example.captions'] });
    const { apps } = await visitor.until(() => visitor.pictures[1]);
    assert.deepEqual([visitor.pictures[0]?.apps, apps], [[], ['org.example.captions']]);
  });

  it('shows what a server shows, as text', async (test) => {
    const { page, visitor } = await visited(test);
    page.display({ type: 'display', view: 'main', kind: 'text', text: '<b>rain</b>' });
    const { displays } = await visitor.until(() => visitor.pictures[1]);
    assert.deepEqual([displays[0]?.view, displays[0]?.text], ['main', '<b>rain</b>']);
  });
});
