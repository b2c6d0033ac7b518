import type { Fault } from './gemitars-faults.js';
import { abandonedMs, END, hum, playOutMs, quietTurnMs, SESSION_END, START, sendAll } from './gemitars-faults-parts.js';

const SOUND_MS = 300;
const SOUND = hum(SOUND_MS);
/** How late the last audio comes behind its end marker. */
const OVERTAKEN_BY_MS = 100;

/** What the real server is known to do: each was seen on its wire or read in its source. */
export const PITFALLS = {
  audioAfterEnd: {
    what: 'the end marker overtakes the last audio of its reply',
    run: async ({ server, pause }) => {
      await sendAll(server, START, SOUND, END);
      await pause(OVERTAKEN_BY_MS);
      await server.send(SOUND);
    },
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs + 2 * SOUND_MS) + OVERTAKEN_BY_MS,
  },
  replyWithoutEnd: {
    what: 'the synthesis fails on its way: a reply without an end marker',
    run: async ({ server }) => void (await sendAll(server, START, SOUND)),
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs + SOUND_MS),
  },
  replyWithoutAudio: {
    what: 'the synthesis fails at once: a reply of which only the start marker comes',
    run: async ({ server }) => void (await server.send(START)),
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs),
  },
  replyNeverStarts: {
    what: 'no synthesis is configured: no frame of a reply, and a late end of the session',
    run: async ({ server, config, pause }) => {
      await pause(quietTurnMs(config) / 2);
      await server.send(SESSION_END);
    },
    limitMs: (config, waitingMs) => quietTurnMs(config) / 2 + playOutMs(config, waitingMs),
  },
  silentReturnToPassive: {
    what: 'the server cannot reach its model and forgets the session without a word',
    run: () => Promise.resolve(),
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs),
  },
  stuckInProcessing: {
    what: 'after a reply the server thinks for ever',
    run: async ({ server }) => void (await sendAll(server, START, SOUND, END)),
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs + SOUND_MS),
  },
  secondClient: {
    what: 'the server believes that the lost connection is still there, and refuses the device with 1013 for a while',
    run: async ({ server, config, pause }) => {
      server.welcome = { closeCode: 1013, reason: 'Server busy, another client is connected.' };
      server.terminate();
      await pause(config.link.retry_first_ms + config.session.connect_grace_ms);
      server.welcome = {};
    },
    limitMs: (config) => config.session.connect_grace_ms,
  },
} satisfies Readonly<Record<string, Fault>>;
