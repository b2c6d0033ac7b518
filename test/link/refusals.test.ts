import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Certificates, httpServer, type Listening, tcpServer, wsServer } from './servers.js';
import { linkTo, QUICK, withLink } from './support.js';

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = await tcpServer(() => undefined);
  await server.close();
  return server.port;
}

async function serving<S extends Listening>(server: Promise<S>, body: (server: S) => Promise<void>): Promise<void> {
  const running = await server;
  try {
    await body(running);
  } finally {
    await running.close();
  }
}

const near = (server: { port: number }) => `ws://127.0.0.1:${server.port}/`;

const HASTY = { ...QUICK, handshakeTimeoutMs: 500 };

describe('a server that does not let the link come up', () => {
  it('is found again on the port that refused', async () => {
    const port = await freePort();
    await withLink(linkTo(near({ port })), async (listener) => {
      const down = await listener.next('down');
      assert.deepEqual([down.code, down.wasUp], [0, false]);
      assert.match(down.reason, /nothing listens there.*ECONNREFUSED/);
      await listener.next('down');
      await serving(wsServer(undefined, { port }), async () => {
        const up = await listener.next('up');
        assert.equal(up.url, `ws://127.0.0.1:${port}/`);
        assert.ok(up.attempt >= 3);
      });
    });
  });

  it('may accept and close at once', async () => {
    await serving(
      tcpServer((socket) => socket.destroy()),
      async (server) => {
        await withLink(linkTo(near(server)), async (listener) => {
          assert.match((await listener.next('down')).reason, /the connection was cut/);
          assert.equal((await listener.next('down')).failures, 2);
        });
      },
    );
  });

  it('may accept and never answer', async () => {
    await serving(
      tcpServer(() => undefined),
      async (server) => {
        await withLink(linkTo(near(server), { policy: HASTY }), async (listener) => {
          assert.match((await listener.next('down')).reason, /did not answer within 0\.5 s/);
        });
      },
    );
  });

  it('may dribble its answer without end: the whole handshake has one deadline', async () => {
    await serving(
      tcpServer((socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n');
        const timer = setInterval(() => socket.write('x: y\r\n'), 50);
        socket.once('close', () => clearInterval(timer));
      }),
      async (server) => {
        await withLink(linkTo(near(server), { policy: HASTY }), async (listener) => {
          assert.match((await listener.next('down')).reason, /did not answer/);
        });
      },
    );
  });

  it('may speak something else than HTTP', async () => {
    await serving(
      tcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')),
      async (server) => {
        await withLink(linkTo(near(server)), async (listener) => {
          assert.match((await listener.next('down')).reason, /does not speak HTTP.*server\.url/);
        });
      },
    );
  });

  it('may answer with an HTTP status: the reason names it, the lane fits it', async () => {
    const cases = [
      [401, {}, /refused the token.*server\.token_file/, QUICK.retrySlowMs],
      [403, {}, /HTTP 403/, QUICK.retrySlowMs],
      [404, {}, /nothing at this address \(HTTP 404\).*path in server\.url/, 0],
      [500, {}, /the server failed \(HTTP 500\).*log/, 0],
      [503, { 'retry-after': '7' }, /HTTP 503.*7 s/, 7_000],
      [429, { 'retry-after': '3' }, /HTTP 429.*3 s/, 3_000],
    ] as const;
    for (const [status, headers, reason, atLeastMs] of cases) {
      await serving(
        httpServer((_request, response) => response.writeHead(status, headers).end('no')),
        async (server) => {
          await withLink(linkTo(near(server), { token: 's3cret' }), async (listener) => {
            const down = await listener.next('down');
            assert.equal(down.code, status);
            assert.match(down.reason, reason);
            assert.ok(down.retryInMs >= atLeastMs, `${status}: ${down.retryInMs}`);
            if (atLeastMs === 0) assert.ok(down.retryInMs <= QUICK.retryFirstMs);
          });
        },
      );
    }
  });

  it('may say why: its words are in the reason, where they are words', async () => {
    const json = { 'content-type': 'application/json' };
    const head = 'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\r\n';
    const cases: readonly [Promise<Listening>, RegExp][] = [
      // As AugmentOS's cloud answers: no length, and the connection is cut behind the last byte.
      [
        tcpServer((socket) =>
          socket.once('data', () => {
            socket.write(`${head}{"type":"connection_error","message":"Invalid core token"}`, () => socket.destroy());
          }),
        ),
        /\(HTTP 401\): "Invalid core token"; check server\.token_file$/,
      ],
      [httpServer((_request, response) => response.writeHead(401, json).end('{"error":"no"}')), /401\): "no"; check/],
      [
        httpServer((_, response) => response.writeHead(403, { 'content-type': 'text/plain' }).end('s3cret? no\n')),
        /403\): "\*+\? no"; check/,
      ],
      [httpServer((_request, response) => response.writeHead(401, json).end('{"message":7}')), /\(HTTP 401\); check/],
      [httpServer((_, response) => response.writeHead(401).end('<html>'.repeat(100_000))), /\(HTTP 401\); check/],
      // Its end never comes.
      [httpServer((_request, response) => response.writeHead(401, json).write('{"mess')), /\(HTTP 401\); check/],
    ];
    for (const [server, reason] of cases) {
      await serving(server, async (listening) => {
        await withLink(linkTo(near(listening), { token: 's3cret' }), async (listener) => {
          assert.match((await listener.next('down')).reason, reason);
        });
      });
    }
  });

  it('may redirect: that is not followed, so the token goes nowhere else', async () => {
    let asked = 0;
    await serving(
      httpServer((_request, response) => {
        asked += 1;
        response.end();
      }),
      async (other) => {
        const location = `http://127.0.0.1:${other.port}/`;
        await serving(
          httpServer((_request, response) => response.writeHead(302, { location }).end()),
          async (server) => {
            await withLink(linkTo(near(server), { token: 's3cret' }), async (listener) => {
              assert.match((await listener.next('down')).reason, /redirects.*not followed.*server\.url/);
              await listener.next('down');
              assert.equal(asked, 0);
            });
          },
        );
      },
    );
  });
});

describe('the token', () => {
  it('travels in the Authorization header, with the headers and the subprotocol of the target', async () => {
    await serving(wsServer(undefined, { handleProtocols: () => 'tars' }), async (server) => {
      const target = () => ({ url: new URL(near(server)), headers: { 'x-device': 'd' }, subprotocols: ['tars'] });
      await withLink(linkTo('', { target, token: 's3cret' }), async (listener) => {
        await listener.next('up');
        const headers = server.requests[0]?.headers;
        assert.equal(headers?.authorization, 'Bearer s3cret');
        assert.equal(headers?.['x-device'], 'd');
        assert.equal(headers?.['sec-websocket-protocol'], 'tars');
        assert.equal(headers?.['sec-websocket-extensions'], undefined);
      });
    });
  });

  const pretending = (address: string): LookupFunction => {
    return (_host, options, callback) => {
      if (options.all) callback(null, [{ address, family: 4 }]);
      else callback(null, address, 4);
    };
  };

  it('does not go over plain ws to a public address, given as such or behind a name', async () => {
    for (const [url, lookup] of [
      ['ws://203.0.113.1:7456/', undefined],
      ['ws://[2001:db8::1]:7456/', undefined],
      ['ws://tars.test:7456/', pretending('203.0.113.1')],
    ] as const) {
      const link = linkTo(url, { token: 's3cret', ...(lookup && { lookup }) });
      await withLink(link, async (listener) => {
        const down = await listener.next('down');
        assert.match(down.reason, /not sent unencrypted.*wss.*server\.allow_plaintext/);
        assert.equal(down.retryInMs, QUICK.retrySlowMs);
      });
    }
  });

  it('goes over plain ws to a private address behind a name', async () => {
    await serving(wsServer(), async (server) => {
      const url = `ws://tars.test:${server.port}/`;
      await withLink(linkTo(url, { token: 's3cret', lookup: pretending('127.0.0.1') }), async (listener) => {
        await listener.next('up');
      });
    });
  });

  it('goes over plain ws anywhere when that is allowed', async () => {
    await serving(wsServer(), async (server) => {
      // Not a private address, and yet it leads to this machine.
      const url = `ws://0.0.0.0:${server.port}/`;
      await withLink(linkTo(url, { token: 's3cret' }), async (listener) => {
        assert.match((await listener.next('down')).reason, /not sent unencrypted/);
      });
      await withLink(linkTo(url, { token: 's3cret', allowPlaintext: true }), async (listener) => {
        await listener.next('up');
        assert.equal(server.requests[0]?.headers.authorization, 'Bearer s3cret');
      });
    });
  });

  it('with characters that no header can carry is an error that does not show it', async () => {
    await serving(wsServer(), async (server) => {
      await withLink(linkTo(near(server), { token: 'a\nb' }), async (listener) => {
        const down = await listener.next('down');
        assert.match(down.reason, /server\.token_file/);
        assert.doesNotMatch(down.reason, /a\nb/);
      });
    });
  });
});

describe('TLS', () => {
  let certificates: Certificates;
  before(() => {
    certificates = new Certificates();
  });
  after(() => certificates.close());

  const secure = (server: { port: number }) => `wss://127.0.0.1:${server.port}/`;
  const refusal = async (url: string, ca: string | undefined): Promise<string> => {
    let reason = '';
    await withLink(linkTo(url, { ca, token: 's3cret' }), async (listener) => {
      const down = await listener.next('down');
      assert.equal(down.retryInMs, QUICK.retrySlowMs, down.reason);
      reason = down.reason;
    });
    return reason;
  };

  it('is trusted by its own authority, and not without', async () => {
    const tls = certificates.issue('good', 'IP:127.0.0.1');
    await serving(wsServer(undefined, { tls }), async (server) => {
      await withLink(linkTo(secure(server), { ca: certificates.ca, token: 's3cret' }), async (listener) => {
        await listener.next('up');
        assert.equal(server.requests[0]?.headers.authorization, 'Bearer s3cret');
      });
      assert.match(await refusal(secure(server), undefined), /not signed by an authority.*server\.ca_file/);
      assert.equal(server.requests.length, 1);
    });
  });

  it('stays verified where the environment says otherwise', async () => {
    const tls = certificates.issue('env', 'IP:127.0.0.1');
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      await serving(wsServer(undefined, { tls }), async (server) => {
        assert.match(await refusal(secure(server), undefined), /server\.ca_file/);
      });
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  it('with the certificate of another name is refused', async () => {
    const tls = certificates.issue('other', 'DNS:other.test');
    await serving(wsServer(undefined, { tls }), async (server) => {
      assert.match(await refusal(secure(server), certificates.ca), /another name.*server\.url/);
    });
  });

  it('with an expired certificate is refused', async () => {
    const tls = certificates.issue('old', 'IP:127.0.0.1', true);
    await serving(wsServer(undefined, { tls }), async (server) => {
      assert.match(await refusal(secure(server), certificates.ca), /expired.*clock/);
    });
  });

  it('spoken to a server of plain ws is told as such', async () => {
    await serving(wsServer(), async (server) => {
      assert.match(await refusal(secure(server), undefined), /does not speak TLS.*server\.url/);
    });
  });

  it('with a file of authorities that is none is told as such', async () => {
    const tls = certificates.issue('unknown', 'IP:127.0.0.1');
    await serving(wsServer(undefined, { tls }), async (server) => {
      const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      assert.match(await refusal(secure(server), broken), /server\.ca_file/);
    });
  });

  it('that breaks off in the middle of the handshake is not slow: a server may just be starting', async () => {
    await serving(
      tcpServer((socket) => socket.once('data', () => socket.destroy())),
      async (server) => {
        await withLink(linkTo(secure(server)), async (listener) => {
          assert.ok((await listener.next('down')).retryInMs <= QUICK.retryFirstMs);
        });
      },
    );
  });
});

describe('the address of the server', () => {
  it('is looked up afresh at every dial', async () => {
    await serving(wsServer(), async (server) => {
      const addresses = ['127.0.0.2', '127.0.0.1'];
      let asked = 0;
      const lookup: LookupFunction = (_host, options, callback) => {
        const address = addresses[Math.min(asked++, 1)] ?? '';
        if (options.all) callback(null, [{ address, family: 4 }]);
        else callback(null, address, 4);
      };
      await withLink(linkTo(`ws://tars.test:${server.port}/`, { lookup }), async (listener) => {
        assert.match((await listener.next('down')).reason, /nothing listens there/);
        await listener.next('up');
        const [peer] = server.peers;
        assert.ok(peer);
        peer.terminate();
        await once(peer, 'close');
        await listener.next('up');
        assert.equal(asked, 3);
      });
    });
  });
});
