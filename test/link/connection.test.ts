import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { WebSocket } from 'ws';
import type { WsLink } from '../../src/link/ws-link.js';
import { Relay } from '../helpers/relay.js';
import { frame, type Healthy, type Listening, rawServer, tcpServer, wsServer } from './servers.js';
import { type Listener, linkTo, QUICK, withLink } from './support.js';

type Body<S> = (parts: { server: S; link: WsLink; listener: Listener }) => Promise<void>;

async function linked<S extends Listening>(starting: Promise<S>, body: Body<S>, policy = QUICK): Promise<void> {
  const server = await starting;
  const link = linkTo(`ws://127.0.0.1:${server.port}/`, { policy });
  try {
    await withLink(link, (listener) => body({ server, link, listener }));
  } finally {
    await server.close();
  }
}

/** A link to a healthy server through a relay. */
async function relayed(body: Body<Healthy & { relay: Relay }>, policy = QUICK): Promise<void> {
  const server = await wsServer();
  const relay = new Relay(server.port);
  await relay.listen();
  const close = async () => {
    await relay.close();
    await server.close();
  };
  await linked(Promise.resolve({ ...server, port: relay.port, relay, close }), body, policy);
}

function lastPeer(server: Healthy): WebSocket {
  const peer = server.peers.at(-1);
  assert.ok(peer);
  return peer;
}

/** However late this machine gets round to it, a connection that is closed at once was not a stable one. */
const HASTY = { ...QUICK, stableMs: 10_000 };

describe('close codes', () => {
  it('of every kind end in a reason, a wait, and a new connection', async () => {
    for (const [code, reason, isSlow] of [
      [1000, /closed the connection \(1000\): "said"/, false],
      [1001, /going away \(1001\)/, false],
      [1008, /refuses this device \(1008\)/, true],
      [1011, /failed \(1011\)/, false],
      [1013, /busy \(1013\)/, false],
      [4000, /\(4000\): "said"/, false],
    ] as const) {
      let isFirst = true;
      const server = wsServer((peer) => {
        if (isFirst) peer.close(code, 'said');
        isFirst = false;
      });
      const retries = async ({ listener }: Parameters<Body<Healthy>>[0]) => {
        await listener.next('up');
        const down = await listener.next('down');
        assert.deepEqual([down.code, down.wasUp, down.failures], [code, true, 1]);
        assert.match(down.reason, reason);
        if (isSlow) assert.equal(down.retryInMs, QUICK.retrySlowMs);
        else assert.ok(down.retryInMs <= QUICK.retryMaxMs);
        if (code === 1013) assert.ok(down.retryInMs >= QUICK.retryMaxMs / 2);
        assert.equal((await listener.next('up')).attempt, 2);
      };
      await linked(server, retries, HASTY);
    }
  });

  it('1006: a connection that just breaks', async () => {
    await linked(wsServer(), async ({ server, listener }) => {
      await listener.next('up');
      lastPeer(server).terminate();
      const down = await listener.next('down');
      assert.deepEqual([down.code, down.wasUp], [1006, true]);
      assert.match(down.reason, /broke without a goodbye/);
    });
  });
});

describe('a dead peer', { concurrency: true }, () => {
  const limitMs = (tempo: 'idle' | 'session') =>
    tempo === 'idle' ? QUICK.pingIdleMs + QUICK.pongTimeoutMs : QUICK.pingSessionMs + QUICK.pingSessionMs;

  it('is noticed in time, whichever way the network fails', async () => {
    const cases = (['both', 'toServer', 'toClient'] as const).flatMap((direction) =>
      (['idle', 'session'] as const).map((tempo) => ({ direction, tempo })),
    );
    await Promise.all(
      cases.map(({ direction, tempo }) =>
        relayed(async ({ server, link, listener }) => {
          link.setTempo(tempo);
          await listener.next('up');
          server.relay.blackHole(direction, true);
          const startMs = performance.now();
          const down = await listener.next('down', 3_000);
          assert.match(down.reason, /nothing came from the server/);
          const tookMs = performance.now() - startMs;
          // What the machine's other work may cost on top; the times themselves are held to in tests with a fake clock.
          assert.ok(tookMs < limitMs(tempo) + 2_000, `${direction}, ${tempo}: ${tookMs} ms`);
          server.relay.drop();
          await server.relay.heal();
          await listener.next('up');
        }),
      ),
    );
  });

  it('is noticed when it was cut in the middle of a frame', async () => {
    await relayed(async ({ server, listener }) => {
      await listener.next('up');
      server.relay.weather.toClient.bytesPerSecond = 20_000;
      lastPeer(server).send(Buffer.alloc(10_000));
      setTimeout(() => server.relay.blackHole('both', true), 100);
      assert.match((await listener.next('down')).reason, /nothing came from the server/);
      assert.ok(listener.told.every((entry) => entry.type !== 'message'));
    });
  });

  it('is one that opens the WebSocket and says nothing more, not even pong', async () => {
    await linked(
      rawServer(() => undefined),
      async ({ link, listener }) => {
        link.setTempo('session');
        await listener.next('up');
        assert.match((await listener.next('down')).reason, /nothing came from the server/);
      },
    );
  });

  it('is not one that pings but never pongs', async () => {
    let timer: NodeJS.Timeout | undefined;
    let pings = 0;
    const server = wsServer(
      (peer) => {
        peer.on('ping', () => {
          pings += 1;
        });
        timer = setInterval(() => peer.ping(), 100);
      },
      { autoPong: false },
    );
    await linked(server, async ({ server: { peers }, link, listener }) => {
      link.setTempo('session');
      await listener.next('up');
      const [peer] = peers;
      assert.ok(peer);
      for (let i = 0; i < 15; i++) await once(peer, 'pong', { signal: AbortSignal.timeout(2_000) });
      assert.equal(link.isUp, true);
      assert.ok(pings > 5);
    });
    clearInterval(timer);
  });

  it('is not one whose big message takes its time on a slow network', async () => {
    await relayed(async ({ server, link, listener }) => {
      link.setTempo('session');
      await listener.next('up');
      server.relay.weather.toClient.bytesPerSecond = 100_000;
      lastPeer(server).send(Buffer.alloc(100_000, 7));
      const { message } = await listener.next('message');
      assert.equal(message.length, 100_000);
      assert.ok(listener.told.every((entry) => entry.type !== 'down'));
    });
  });

  it('is not one behind random delays on both ways', async () => {
    await relayed(async ({ server, link, listener }) => {
      link.setTempo('session');
      // In the proportion of 1.5 s to the defaults.
      server.relay.weather.toServer.delayMs = () => Math.random() * 140;
      server.relay.weather.toClient.delayMs = () => Math.random() * 140;
      await listener.next('up');
      const peer = lastPeer(server);
      for (let i = 0; i < 20; i++) await once(peer, 'ping', { signal: AbortSignal.timeout(2_000) });
      assert.equal(listener.told.length, 1);
    });
  });
});

describe('what a server sends', { concurrency: true }, () => {
  it('comes whole and in order: frames of 0, 1, odd and 1 MiB length, text and fragments', async () => {
    await linked(wsServer(), async ({ server, listener }) => {
      await listener.next('up');
      const peer = lastPeer(server);
      peer.send(Buffer.alloc(0));
      peer.send(Buffer.from([7]));
      peer.send(Buffer.alloc(641, 1));
      peer.send('');
      peer.send('tëxt');
      peer.send('a', { fin: false });
      peer.ping();
      peer.send('b', { fin: false });
      peer.send('c', { fin: true });
      peer.send(Buffer.alloc(1024 * 1024, 2));
      const got: unknown[] = [];
      for (let i = 0; i < 7; i++) {
        const { message } = await listener.next('message');
        got.push(typeof message === 'string' ? message : message.length);
      }
      assert.deepEqual(got, [0, 1, 641, '', 'tëxt', 'abc', 1024 * 1024]);
    });
  });

  it('and breaks the rules ends the connection with a reason; the next one is as good as new', async () => {
    const cases: [string, Buffer, number, RegExp][] = [
      ['a message of 1 MiB + 1', frame(0x82, Buffer.alloc(1024 * 1024 + 1)), 1009, /size|payload/i],
      ['a text of 1 MiB + 1', frame(0x81, Buffer.alloc(1024 * 1024 + 1, 'x')), 1009, /size|payload/i],
      [
        'fragments that grow beyond 1 MiB',
        Buffer.concat([frame(0x02, Buffer.alloc(1024 * 1024)), frame(0x80, Buffer.alloc(1))]),
        1009,
        /size|payload/i,
      ],
      ['a length of 2^63', Buffer.from([0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255]), 1009, /size|length/i],
      ['text that is not UTF-8', frame(0x81, Buffer.from([0xc3, 0x28])), 1007, /UTF-8/],
      ['a compressed frame', frame(0xc1, Buffer.from('x')), 1002, /RSV1/],
      ['a masked frame', Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5]), 1002, /MASK/],
      ['an unknown opcode', frame(0x83, Buffer.from('x')), 1002, /opcode/],
      ['a continuation of nothing', frame(0x80, Buffer.from('x')), 1002, /opcode/],
      [
        'fragments without end',
        Buffer.concat(
          Array(20_000)
            .fill(frame(0x02, Buffer.alloc(0)), 0, 1)
            .fill(frame(0x00, Buffer.alloc(0)), 1),
        ),
        1008,
        /fragments/,
      ],
      ['an invalid close code', frame(0x88, Buffer.from([0, 1])), 1002, /status code/],
      ['a ping of 200 bytes', frame(0x89, Buffer.alloc(200)), 1002, /payload length/],
    ];
    for (const [name, bytes, code, reason] of cases) {
      let isFirst = true;
      const server = rawServer((socket) => {
        if (isFirst) socket.write(bytes);
        else socket.write(frame(0x81, Buffer.from('well')));
        socket.on('data', (data) => data[0] === 0x88 && socket.end());
        isFirst = false;
      });
      await linked(server, async ({ listener }) => {
        await listener.next('up');
        const down = await listener.next('down');
        assert.deepEqual([down.code, down.wasUp], [code, true], `${name}: ${down.reason}`);
        assert.match(down.reason, reason, name);
        await listener.next('up');
        assert.deepEqual(await listener.next('message'), { type: 'message', message: 'well' });
      });
    }
  });

  it('is slowed down by not reading, and then nothing is lost', async () => {
    await linked(wsServer(), async ({ server, link, listener }) => {
      await listener.next('up');
      const peer = lastPeer(server);
      link.holdReading(true);
      const chunk = Buffer.alloc(64 * 1024);
      let sent = 0;
      // Until the kernel takes no more and the server's own buffer grows.
      while (peer.bufferedAmount < 4 * 1024 * 1024) {
        assert.ok(sent < 2_000, 'the link reads all the time');
        chunk.writeUInt32LE(sent++);
        peer.send(Buffer.from(chunk));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const countMessages = () => listener.told.filter((entry) => entry.type === 'message').length;
      const held = countMessages();
      assert.ok(held < sent / 2, `${held} of ${sent} came although nothing was read`);
      // Longer than any deadline of the heartbeat: a held link blames nobody.
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      assert.equal(countMessages(), held);
      assert.equal(link.isUp, true);
      link.holdReading(false);
      for (let i = 0; i < sent; i++) {
        const { message } = await listener.next('message');
        assert.ok(typeof message !== 'string');
        assert.equal(Buffer.from(message).readUInt32LE(), i);
      }
    });
  });
});

describe('what the link sends', { concurrency: true }, () => {
  it('arrives in order, text and bytes, and a view shows nothing of its buffer', async () => {
    const got: string[] = [];
    const server = wsServer((peer) => peer.on('message', (data) => got.push(String(data))));
    await linked(server, async ({ server: { peers }, link, listener }) => {
      await listener.next('up');
      const [peer] = peers;
      assert.ok(peer);
      const bytes = Buffer.from('-ab-');
      link.send('first');
      link.send(bytes.subarray(1, 3));
      link.send(new Uint8Array(0));
      const arrived = new Promise<void>((resolve) => {
        peer.on('message', (data) => String(data) === 'last' && resolve());
      });
      link.send('last');
      await arrived;
      assert.deepEqual(got, ['first', 'ab', '', 'last']);
      assert.equal(bytes.toString(), '-ab-');
    });
  });

  it('and nobody takes ends the link instead of filling the memory', async () => {
    // No heartbeat to notice it first.
    const policy = { ...QUICK, pingIdleMs: 60_000, pongTimeoutMs: 60_000 };
    await relayed(async ({ server, link, listener }) => {
      await listener.next('up');
      server.relay.blackHole('toServer', true);
      const chunk = Buffer.alloc(16 * 1024);
      let sent = 0;
      while (link.send(chunk) && sent < 20_000) {
        sent += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      const down = await listener.next('down');
      assert.match(down.reason, /takes nothing any more: \d+ bytes wait/);
      assert.equal(down.wasUp, true);
    }, policy);
  });
});

describe('close()', { concurrency: true }, () => {
  it('says goodbye with 1001 and resolves when the socket is gone', async () => {
    await linked(wsServer(), async ({ server, link, listener }) => {
      await listener.next('up');
      const closed = once(lastPeer(server), 'close');
      await link.close();
      assert.equal((await closed)[0], 1001);
      assert.deepEqual(
        listener.told.map((entry) => entry.type),
        ['up'],
      );
    });
  });

  it('takes at most 1 s where the peer does not answer, also when reading is held', async () => {
    for (const isHeld of [false, true]) {
      await linked(
        rawServer(() => undefined),
        async ({ link, listener }) => {
          await listener.next('up');
          link.holdReading(isHeld);
          const startMs = performance.now();
          await link.close();
          assert.ok(performance.now() - startMs < 1_200);
        },
      );
    }
  });

  it('ends a dial that hangs at once', async () => {
    const dialled: (() => void)[] = [];
    const arrival = new Promise<void>((resolve) => dialled.push(resolve));
    await linked(
      tcpServer(() => dialled[0]?.()),
      async ({ link, listener }) => {
        await arrival;
        const startMs = performance.now();
        await link.close();
        assert.ok(performance.now() - startMs < 300);
        assert.deepEqual(listener.told, []);
      },
    );
  });
});
