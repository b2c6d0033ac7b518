import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { captureLog, fakeLink, Listener } from './support.js';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const CUT = { kind: 'closed', code: 1006, reason: '' } as const;

describe('WsLink, dialling', () => {
  it('dials after start(), never from inside', () => {
    const { clock, sockets, listener, link } = fakeLink();
    clock.advance(1_000);
    assert.equal(sockets.length, 0);
    link.start(listener);
    assert.equal(sockets.length, 0);
    clock.advance(0);
    assert.equal(sockets.length, 1);
    assert.deepEqual([link.isUp, link.send('x')], [false, false]);
  });

  it('retries for ever by the schedule, counting from dial to dial', () => {
    const { clock, dialledAtMs, sockets, listener, link } = fakeLink();
    link.start(listener);
    clock.advance(0);
    for (let i = 0; i < 8; i++) {
      clock.advance(100);
      sockets.at(-1)?.lose(CUT);
      clock.advance(clock.nextAtMs === undefined ? 0 : clock.nextAtMs - clock.nowMs());
    }
    const gaps = dialledAtMs.slice(1).map((at, i) => at - (dialledAtMs[i] ?? 0));
    assert.deepEqual(gaps, [250, 750, 1_500, 3_000, 6_000, 11_250, 11_250, 11_250]);
    const downs = listener.told.filter((entry) => entry.type === 'down');
    assert.deepEqual(
      downs.map((entry) => entry.failures),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    assert.ok(downs.every((entry) => !entry.wasUp));
    assert.equal(downs[7]?.retryInMs, 11_150);
  });

  it('goes on with another listener without a new dial, and tells it that it is up', async () => {
    const { clock, sockets, listener, link, last } = fakeLink();
    link.start(listener);
    clock.advance(0);
    last().events.opened();
    const next = new Listener();
    link.start(next);
    assert.equal(next.told.length, 0, 'told from inside start()');
    await Promise.resolve();
    assert.deepEqual(
      next.told.map(({ type }) => type),
      ['up'],
    );
    last().events.message('hello');
    last().lose(CUT);
    assert.deepEqual(
      next.told.map(({ type }) => type),
      ['up', 'message', 'down'],
    );
    const third = new Listener();
    link.start(third);
    await Promise.resolve();
    assert.equal(third.told.length, 0, 'told up while it is down');
    assert.deepEqual(
      listener.told.map(({ type }) => type),
      ['up'],
    );
    assert.equal(sockets.length, 1);
  });

  it('gives a dial 10 s, and dials again at once when the schedule is over by then', () => {
    const { clock, dialledAtMs, sockets, listener, link } = fakeLink();
    link.start(listener);
    clock.advance(20_000);
    assert.deepEqual(dialledAtMs, [0, 10_000, 20_000]);
    assert.equal(sockets[0]?.isTerminated, true);
    const down = listener.told[0];
    assert.ok(down?.type === 'down');
    assert.match(down.reason, /did not answer within 10 s/);
  });

  it('begins the schedule anew only after 10 s of a connection that stayed up', () => {
    for (const [upMs, retryInMs, failures, attempt] of [
      [9_999, 1_500, 3, 4],
      [10_000, 250, 0, 1],
    ] as const) {
      const { clock, listener, link, last } = fakeLink();
      link.start(listener);
      clock.advance(0);
      for (let i = 0; i < 2; i++) {
        last().lose(CUT);
        clock.advance(2_000);
      }
      last().events.opened();
      // An answer to each ping keeps the heartbeat from its own verdict.
      clock.advance(5_000);
      last().events.alive();
      clock.advance(upMs - 5_000);
      last().lose(CUT);
      const down = listener.told.at(-1);
      assert.ok(down?.type === 'down');
      assert.deepEqual([down.retryInMs, down.failures, down.wasUp], [retryInMs, failures, true]);
      clock.advance(2_000);
      last().events.opened();
      const up = listener.told.at(-1);
      assert.ok(up?.type === 'up');
      assert.equal(up.attempt, attempt);
    }
  });

  it('waits a minute after 401, and as long as Retry-After says after 503', () => {
    for (const [status, retryAfterMs, waitMs] of [
      [401, undefined, 60_000],
      [403, undefined, 60_000],
      [503, 40_000, 40_250],
      [429, undefined, 11_250],
    ] as const) {
      const { clock, dialledAtMs, listener, link, last } = fakeLink();
      link.start(listener);
      clock.advance(0);
      last().lose({ kind: 'refused', status, retryAfterMs, location: undefined, said: '' });
      clock.advance(waitMs - 1);
      assert.equal(dialledAtMs.length, 1, String(status));
      clock.advance(1);
      assert.equal(dialledAtMs.length, 2, String(status));
    }
  });

  it('asks for the target at every dial', () => {
    let port = 1;
    const { clock, sockets, listener, link } = fakeLink({
      target: () => ({ url: new URL(`ws://127.0.0.1:${port++}/`), headers: { a: 'b' }, subprotocols: ['s'] }),
    });
    link.start(listener);
    clock.advance(10_000);
    assert.deepEqual(
      sockets.map((socket) => socket.target.url.port),
      ['1', '2'],
    );
  });

  it('hears nothing more from a connection it has given up', () => {
    const { clock, sockets, listener, link, last } = fakeLink();
    link.start(listener);
    clock.advance(10_000);
    const [old] = sockets;
    last().events.opened();
    old?.events.opened();
    old?.events.message('late');
    old?.events.alive();
    old?.lose(CUT);
    assert.deepEqual(
      listener.told.map((entry) => entry.type),
      ['down', 'up'],
    );
    assert.equal(link.isUp, true);
  });
});

describe('WsLink, hurry()', () => {
  it('skips any wait, the slow lane too, and begins the schedule anew', () => {
    const { clock, dialledAtMs, listener, link, last } = fakeLink();
    link.start(listener);
    clock.advance(0);
    last().lose({ kind: 'refused', status: 401, retryAfterMs: undefined, location: undefined, said: '' });
    clock.advance(5_000);
    link.hurry();
    clock.advance(0);
    assert.deepEqual(dialledAtMs, [0, 5_000]);
    last().lose(CUT);
    const down = listener.told.at(-1);
    assert.ok(down?.type === 'down');
    assert.equal(down.retryInMs, 250);
    assert.equal(down.failures, 2);
  });

  it('leaves a young dial alone and begins one anew that may hang', () => {
    const { clock, sockets, dialledAtMs, listener, link } = fakeLink();
    link.start(listener);
    clock.advance(999);
    link.hurry();
    clock.advance(0);
    assert.deepEqual(dialledAtMs, [0]);
    clock.advance(1);
    link.hurry();
    clock.advance(0);
    assert.deepEqual(dialledAtMs, [0, 1_000]);
    assert.equal(sockets[0]?.isTerminated, true);
    assert.deepEqual(listener.told, []);
  });

  it('cannot be made to hammer the server', () => {
    const { clock, dialledAtMs, listener, link, last } = fakeLink();
    link.start(listener);
    clock.advance(0);
    for (let i = 0; i < 1_000; i++) {
      last().lose(CUT);
      link.hurry();
      clock.advance(10);
    }
    assert.ok(dialledAtMs.length <= 41, `${dialledAtMs.length} dials in 10 s`);
  });

  it('pings at once when the link is up', () => {
    const { clock, listener, link, last } = fakeLink();
    link.start(listener);
    clock.advance(0);
    last().events.opened();
    link.hurry();
    assert.equal(last().pings, 1);
    clock.advance(4_000);
    assert.equal(link.isUp, false);
  });

  it('does nothing before start() and after close()', async () => {
    const { clock, sockets, listener, link } = fakeLink();
    link.hurry();
    clock.advance(100_000);
    link.start(listener);
    await link.close();
    link.hurry();
    clock.advance(100_000);
    assert.equal(sockets.length, 0);
  });
});

describe('WsLink, up', () => {
  const rise = (options?: Parameters<typeof fakeLink>[0]) => {
    const fake = fakeLink(options);
    fake.link.start(fake.listener);
    fake.clock.advance(0);
    fake.last().events.opened();
    return { ...fake, socket: fake.last() };
  };

  it('loses a silent peer after 9 s, in a session after 4 s, and ends its socket', () => {
    for (const [tempo, limitMs] of [
      ['idle', 9_000],
      ['session', 4_000],
    ] as const) {
      const fake = fakeLink();
      fake.link.setTempo(tempo);
      fake.link.start(fake.listener);
      fake.clock.advance(0);
      fake.last().events.opened();
      const socket = fake.last();
      fake.clock.advance(limitMs - 1);
      assert.equal(fake.link.isUp, true);
      fake.clock.advance(1);
      assert.equal(fake.link.isUp, false);
      assert.equal(socket.isTerminated, true);
      const down = fake.listener.told.at(-1);
      assert.ok(down?.type === 'down');
      assert.match(down.reason, /nothing came from the server/);
    }
  });

  it('asks at once when a session begins, and watches as closely as it goes on', () => {
    const { clock, socket, link } = rise();
    link.setTempo('session');
    assert.equal(socket.pings, 1);
    socket.events.alive();
    clock.advance(3_999);
    assert.equal(link.isUp, true);
    clock.advance(1);
    assert.equal(link.isUp, false);
  });

  it('keeps the tempo over a new connection', () => {
    const { clock, socket, link, last } = rise();
    link.setTempo('session');
    socket.lose(CUT);
    clock.advance(1_000);
    last().events.opened();
    clock.advance(4_000);
    assert.equal(last().isTerminated, true);
  });

  it('sends in order and says when it cannot', () => {
    const { socket, link } = rise();
    assert.equal(link.send('a'), true);
    assert.equal(link.send(Uint8Array.of(1)), true);
    assert.deepEqual(socket.sent, ['a', Uint8Array.of(1)]);
    socket.lose(CUT);
    assert.equal(link.send('b'), false);
    assert.equal(socket.sent.length, 2);
  });

  it('ends a link on which more than 2 s of audio wait for longer than a burst', async () => {
    const { clock, socket, listener, link } = rise();
    socket.bufferedBytes = 64_001;
    assert.equal(link.send('a'), true);
    clock.advance(999);
    assert.equal(link.send('b'), true);
    clock.advance(1);
    assert.equal(link.send('c'), false);
    await settle();
    assert.equal(link.isUp, false);
    assert.equal(socket.isTerminated, true);
    const down = listener.told.at(-1);
    assert.ok(down?.type === 'down');
    assert.match(down.reason, /takes nothing any more: 64001 bytes/);
  });

  it('lets a burst of pre-roll and held speech pass', async () => {
    const { clock, socket, link } = rise();
    socket.bufferedBytes = 150_000;
    assert.equal(link.send('a'), true);
    clock.advance(500);
    socket.bufferedBytes = 1_000;
    assert.equal(link.send('b'), true);
    clock.advance(600);
    socket.bufferedBytes = 70_000;
    assert.equal(link.send('c'), true);
    await settle();
    assert.equal(link.isUp, true);
  });

  it('excuses no burst of more than four times the bound, and tells of it from outside send()', async () => {
    const { socket, listener, link } = rise();
    socket.bufferedBytes = 256_001;
    assert.equal(link.send('a'), false);
    assert.equal(listener.told.length, 1);
    await settle();
    assert.equal(listener.told.length, 2);
    assert.equal(link.isUp, false);
  });

  it('holds reading without blaming the peer, and begins the next connection unheld', () => {
    const { clock, socket, link, last } = rise();
    link.holdReading(true);
    assert.equal(socket.isHeld, true);
    clock.advance(120_000);
    assert.equal(link.isUp, true);
    link.holdReading(false);
    assert.equal(socket.isHeld, false);
    link.holdReading(true);
    socket.lose(CUT);
    link.holdReading(true);
    clock.advance(2_000);
    last().events.opened();
    assert.equal(last().isHeld, false);
    clock.advance(9_000);
    assert.equal(link.isUp, false);
  });

  it('survives a listener that throws, and reports it', () => {
    const { lines, log } = captureLog();
    const { clock, link, last } = fakeLink({ log });
    link.start({
      up: () => assert.fail('up fails'),
      down: () => assert.fail('down fails'),
      message: () => assert.fail('message fails'),
    });
    clock.advance(0);
    last().events.opened();
    last().events.message('x');
    last().lose(CUT);
    clock.advance(1_000);
    last().events.opened();
    assert.equal(link.isUp, true);
    for (const name of ['up', 'down', 'message']) assert.match(lines.join('\n'), new RegExp(`${name} fails`));
  });

  it('shows neither the token nor what is secret in the URL', () => {
    const { lines, log } = captureLog();
    const { clock, listener, link, last } = fakeLink({
      log,
      token: 't0ken',
      target: () => ({ url: new URL('ws://u:p4ss@127.0.0.1:1/t0ken?k=qu3ry'), headers: {}, subprotocols: [] }),
    });
    link.start(listener);
    clock.advance(0);
    last().events.opened();
    last().lose({ kind: 'closed', code: 1008, reason: 'bad token t0ken' });
    const shown = `${JSON.stringify(listener.told)}${lines.join('')}`;
    assert.doesNotMatch(shown, /t0ken|p4ss|qu3ry/);
    assert.match(shown, /bad token \*\*\*/);
  });
});

describe('WsLink, close()', () => {
  it('says goodbye, resolves when the socket is gone, and is silent from then on', async () => {
    const { clock, listener, link, last } = fakeLink();
    link.start(listener);
    clock.advance(0);
    last().events.opened();
    await Promise.all([link.close(), link.close()]);
    await link.close();
    assert.deepEqual([last().hasSaidGoodbye, link.isUp, link.send('x')], [true, false, false]);
    last().lose(CUT);
    clock.advance(100_000);
    assert.deepEqual(
      listener.told.map((entry) => entry.type),
      ['up'],
    );
    assert.equal(clock.pending, 0);
  });

  it('ends a dial and a wait', async () => {
    const dialling = fakeLink();
    dialling.link.start(dialling.listener);
    dialling.clock.advance(0);
    await dialling.link.close();
    assert.equal(dialling.last().isTerminated, true);
    dialling.last().events.opened();
    const waiting = fakeLink();
    waiting.link.start(waiting.listener);
    waiting.clock.advance(0);
    waiting.last().lose(CUT);
    await waiting.link.close();
    for (const { clock, listener } of [dialling, waiting]) {
      clock.advance(100_000);
      assert.equal(clock.pending, 0);
      assert.ok(listener.told.every((entry) => entry.type === 'down'));
    }
  });
});
