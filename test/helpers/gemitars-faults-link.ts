import type { Fault } from './gemitars-faults.js';
import { abandonedMs, deadPeerMs, hum, START, sendAll } from './gemitars-faults-parts.js';

/** How long a server is away that is started anew. */
const AWAY_MS = 700;
const FLAPS = 4;
const FLAP_MS = 150;
const SOUND = hum(200);

/** The server closes the connection with this code, at once. */
const closing = (code: number, reason: string): Fault => ({
  what: `closes the connection with ${code}`,
  run: async ({ server }) => server.close(code, reason),
  limitMs: () => 0,
});

/** The server drops the connection and answers the next upgrade requests with this HTTP status. */
const refusing = (status: number, headers: Readonly<Record<string, string>> = {}): Fault => ({
  what: `drops the connection and refuses the next ones with HTTP ${status}`,
  run: async ({ server, config, pause }) => {
    server.welcome = { status, headers };
    server.terminate();
    await pause(config.link.retry_first_ms + AWAY_MS);
    server.welcome = {};
  },
  limitMs: () => 0,
});

/** Connections that are lost, in every way in which they are. */
export const LINK_FAULTS = {
  closeNormal: closing(1000, ''),
  closeGoingAway: closing(1001, 'Server is shutting down.'),
  closePolicy: closing(1008, 'no such device'),
  closeTooBig: closing(1009, ''),
  closeFailure: closing(1011, 'keepalive ping timeout'),
  closeRestart: closing(1012, ''),
  closeBusy: closing(1013, 'Server busy, another client is connected.'),
  closeUnheardOf: closing(4999, 'x'.repeat(120)),
  refusedUpgrade: refusing(503, { 'retry-after': '1' }),
  refusedToken: refusing(401),
  cut: {
    what: 'the connection is cut without a goodbye',
    run: async ({ server }) => server.terminate(),
    limitMs: () => 0,
  },
  restart: {
    what: 'the server crashes and is started again',
    run: async ({ server, pause }) => {
      await server.crash();
      await pause(AWAY_MS);
      await server.start();
    },
    limitMs: () => 0,
  },
  restartInReply: {
    what: 'the server crashes in the middle of a reply and is started again',
    run: async ({ server, pause }) => {
      await sendAll(server, START, SOUND);
      await pause(100);
      await server.crash();
      await pause(AWAY_MS);
      await server.start();
    },
    limitMs: () => 100,
  },
  flapping: {
    what: 'the server takes the device back and drops it, several times',
    run: async ({ server, pause }) => {
      for (let i = 0; i < FLAPS; i++) {
        server.terminate();
        await pause(FLAP_MS);
      }
    },
    limitMs: ({ session }) => session.connect_grace_ms + FLAPS * FLAP_MS,
  },
  blackHole: {
    what: 'the server neither reads nor answers until the device has given it up',
    run: async ({ server, config, pause }) => {
      server.freeze();
      await pause(deadPeerMs(config) + 500);
      server.terminate();
    },
    limitMs: (config) => deadPeerMs(config),
  },
  hiccup: {
    what: 'the server is frozen for a moment that no heartbeat may mind',
    run: async ({ server, config, pause }) => {
      server.freeze();
      await pause(config.link.ping_session_ms / 4);
      server.thaw();
    },
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs),
  },
} satisfies Readonly<Record<string, Fault>>;
