import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pino } from 'pino';
import { Journal } from '../../src/log.js';
import { StatusPage } from '../../src/page/status-page.js';
import { readOpenMetrics, readValue } from '../helpers/open-metrics.js';
import { FakeClock } from '../link/support.js';
import { ask, FakeDevice, startPage } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'tars-page-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const TOKEN = 'a-token-of-this-test';
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, TOKEN);

describe('the port of the page', () => {
  it('may be taken for as long as it likes, and nothing piles up', async (test) => {
    const other = createServer();
    test.after(() => other.close());
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const address = other.address();
    assert.ok(address && typeof address === 'object');
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    test.after(() => process.off('warning', note));
    const clock = new FakeClock();
    const log = pino({ level: 'silent' });
    const journal = new Journal(log);
    const page = new StatusPage({ device: () => new FakeDevice(), save: () => 'nowhere', journal, clock, log });
    test.after(() => page.close());
    await page.open({ enabled: true, listen: `127.0.0.1:${address.port}`, token_file: '', names: [] });
    for (let round = 0; round < 15; round++) {
      const untilMs = performance.now() + 5_000;
      while (clock.nextAtMs === undefined) {
        assert.ok(performance.now() < untilMs, 'it tries again');
        await new Promise(setImmediate);
      }
      clock.advance(15_000);
    }
    assert.deepEqual(warnings, []);
  });

  it('has metrics, of what is told while it is open', async (test) => {
    const { url, journal } = await startPage(test);
    journal.record('hotword.detected', { phrase: 'hey tars', score: 0.9, engine: 'x' });
    const { status, headers, body } = await ask(`${url}metrics`);
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    const read = readOpenMetrics(body);
    assert.equal(readValue(read, 'tars_hotwords_total', { phrase: 'hey tars' }), 1);
    assert.ok(readValue(read, 'tars_memory_bytes', { process: 'main' }) > 1e6);
  });

  it('says whether the device can hear', async (test) => {
    const { url, device } = await startPage(test);
    const health = async () => {
      const { status, body } = await ask(`${url}healthz`);
      return { httpStatus: status, ...(JSON.parse(body) as object) };
    };
    assert.deepEqual(await health(), { httpStatus: 200, status: 'ok', state: 'listening', muted: false, link: 'up' });
    device.isLinkUp = false;
    assert.deepEqual(await health(), { httpStatus: 200, status: 'ok', state: 'listening', muted: false, link: 'down' });
    device.chunkAgeMs = 20_000;
    const deaf = await health();
    assert.equal(deaf.httpStatus, 503);
    assert.equal('why' in deaf && deaf.why, 'no sound from the microphone for 20 s');
    device.state = 'idle';
    device.isMuted = true;
    assert.equal((await health()).httpStatus, 200);
    device.overdueState = 'hotwordDetected';
    assert.equal((await health()).httpStatus, 503);
  });

  it('answers to nobody who came by another name, and tells every browser to be strict', async (test) => {
    const { url } = await startPage(test, { names: ['tars.example.org'], token_file: tokenFile });
    assert.equal((await ask(`${url}metrics`, { host: 'evil.example' })).status, 421);
    const { status, headers } = await ask(`${url}healthz`, {
      host: 'tars.example.org',
      authorization: `Bearer ${TOKEN}`,
    });
    assert.equal(status, 200);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  it('does no work for the pages of other sites, which may only lead here', async (test) => {
    const { url } = await startPage(test);
    const { origin } = new URL(url);
    for (const [headers, status] of [
      [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
      [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
      [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: 'http://evil.example' }, 403],
      [{ origin: 'http://evil.example' }, 403],
      [{ origin: 'null' }, 403],
      [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 200],
      [{ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', origin }, 200],
      [{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, 200],
      [{}, 200],
    ] as const) {
      assert.equal((await ask(`${url}metrics`, headers)).status, status, JSON.stringify(headers));
    }
  });

  it('wants the token for everything where there is one', async (test) => {
    const { url } = await startPage(test, { token_file: tokenFile });
    for (const path of ['metrics', 'healthz', 'nothing']) {
      assert.equal((await ask(url + path)).status, 401);
      assert.equal((await ask(url + path, { authorization: `Bearer ${TOKEN}x` })).status, 401);
    }
    assert.equal((await ask(`${url}healthz`, { authorization: `Bearer ${TOKEN}` })).status, 200);
    assert.equal((await ask(`${url}nothing`, { authorization: `Bearer ${TOKEN}` })).status, 404);
  });

  it('changes nothing for a POST', async (test) => {
    const { url } = await startPage(test);
    assert.equal((await ask(`${url}metrics`, {}, { method: 'POST' })).status, 405);
  });

  it('is not held by those who are refused and do not go', async (test) => {
    const { url } = await startPage(test);
    const { host, hostname, port } = new URL(url);
    const handshake =
      `GET /live HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const refused = async () => {
      const socket: Socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
      test.after(() => socket.destroy());
      socket.write(handshake);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      assert.match(answer.toString(), /^HTTP\/1\.1 403 /);
      await once(socket, 'end');
    };
    await Promise.all(Array.from({ length: 64 }, refused));
    assert.equal((await ask(`${url}healthz`)).status, 200);
  });

  it('is closed with the page', async (test) => {
    const { url, page } = await startPage(test);
    await page.close();
    await page.close();
    await assert.rejects(ask(url), { code: 'ECONNREFUSED' });
  });
});

describe('a page that cannot be served', () => {
  it('because its port is in use is tried again, and told once', async (test) => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const lines: Readonly<Record<string, unknown>>[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const journal = new Journal(log);
    const clock = new FakeClock();
    const page = new StatusPage({ device: () => new FakeDevice(), save: () => 'nowhere', journal, clock, log });
    test.after(() => page.close());
    await page.open({ enabled: true, listen: `127.0.0.1:${port}`, token_file: '', names: [] });
    const told = () => lines.filter(({ why }) => String(why).includes(`page.listen = "127.0.0.1:${port}"`));
    assert.equal(told().length, 1);
    assert.match(String(told()[0]?.why), /another program listens there already; end it or choose another port/);
    other.close();
    await once(other, 'close');
    const ready = new Promise((resolve) => journal.watch(({ event }) => event === 'page.ready' && resolve(event)));
    clock.advance(15_000);
    assert.equal(await ready, 'page.ready');
    assert.equal(told().length, 1);
  });

  it('for a reason that nobody foresaw, is told and not waited for', async (test) => {
    const { page, settings, journal, lines } = await startPage(test);
    test.mock.method(journal, 'record', () => {
      throw new Error('unforeseen');
    });
    await page.open(settings);
    assert.deepEqual([lines.at(-1)?.msg, lines.at(-1)?.why], ['the status page is not served', 'unforeseen']);
  });

  it('because of its token, or for want of one, says what to do', async (test) => {
    const { page, settings, lines } = await startPage(test);
    const why = async (wrong: object) => {
      await page.open({ ...settings, ...wrong });
      return String(lines.at(-1)?.why);
    };
    assert.match(await why({ token_file: join(folder, 'none') }), /page\.token_file: .*none cannot be read/);
    assert.match(await why({ listen: '0.0.0.0:0' }), /needs a token: name a file in page\.token_file/);
    await page.open(settings);
    assert.equal(lines.at(-1)?.event, 'page.ready');
  });
});
