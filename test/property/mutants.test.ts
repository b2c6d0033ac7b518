import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { OpenSocket, Socket } from '../../src/link/socket.js';
import type { WireMessage } from '../../src/protocol/protocol.js';
import type { Playback } from '../../src/speaker/speaker.js';
import { liveMany } from './living.js';
import type { Tamper } from './world.js';

const RUNS = 300;
const SEED = 20_260_711;

/** A connection whose sending goes wrong. */
const sending =
  (send: (socket: Socket, message: WireMessage) => boolean): Tamper =>
  ({ openSocket }) => ({
    openSocket: (...dial: Parameters<OpenSocket>) => {
      const socket = openSocket(...dial);
      return {
        gone: socket.gone,
        get bufferedBytes() {
          return socket.bufferedBytes;
        },
        send: (message) => send(socket, message),
        ping: () => socket.ping(),
        hold: (isHeld) => socket.hold(isHeld),
        goodbye: () => socket.goodbye(),
        terminate: () => socket.terminate(),
      };
    },
  });

/** A program in which this duration, in milliseconds, never comes to its end. */
const without =
  (delayMs: number): Tamper =>
  ({ clock }) => ({
    clock: {
      nowMs: () => clock.nowMs(),
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms === delayMs ? 1e9 : ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
  });

/** A loudspeaker whose stretches of sound go wrong. */
const playing =
  (wrong: (playback: Playback) => Partial<Playback>): Tamper =>
  ({ speaker }) => ({
    speaker: {
      backend: speaker.backend,
      run: (listener, signal) => speaker.run(listener, signal),
      open: (format) => {
        const playback = speaker.open(format);
        return {
          write: (pcm) => playback.write(pcm),
          writable: () => playback.writable(),
          drain: () => playback.drain(),
          clear: () => playback.clear(),
          ...wrong(playback),
        };
      },
    },
  });

/** True at every so many calls. */
function every(calls: number): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count % calls === 0;
  };
}

const isLost = every(50);
const isSwallowed = every(5);

/** Programs that are wrong in one place, and what is said of them. */
const MUTANTS: Readonly<Record<string, { tamper: Tamper; expected: RegExp }>> = {
  'says playback_complete twice': {
    tamper: sending((socket, message) => {
      const isSent = socket.send(message);
      return typeof message === 'string' && message.includes('playback_complete') ? socket.send(message) : isSent;
    }),
    expected: /a completion without a reply \(promise 3\)/,
  },
  'never says playback_complete': {
    tamper: sending((socket, message) => `${message}`.includes('playback_complete') || socket.send(message)),
    expected: /replies were never completed|within a reply|kept back/,
  },
  'loses one message of audio in fifty': {
    tamper: sending((socket, message) => (typeof message !== 'string' && isLost()) || socket.send(message)),
    expected: /\(promise 2\)/,
  },
  'does not tell the server that a session is over': {
    tamper: sending((socket, message) => `${message}`.includes('session_end') || socket.send(message)),
    expected: /before the server was told of the end/,
  },
  'takes a reply for played as soon as the device has it': {
    tamper: playing(() => ({ drain: () => Promise.resolve() })),
    expected: /before the last sample/,
  },
  'swallows a part of the reply': {
    tamper: playing((playback) => ({ write: (pcm) => isSwallowed() || playback.write(pcm) })),
    expected: /ms of a reply were not played/,
  },
  'keeps the microphone open when it is muted': {
    tamper: ({ microphone }) => ({
      microphone: {
        backend: microphone.backend,
        rateHz: microphone.rateHz,
        capture: (listener) => microphone.capture(listener, new AbortController().signal),
      },
    }),
    expected: /a muted device has its microphone open/,
  },
  'waits for a connection for ever': { tamper: without(3_000), expected: /hotwordDetected for more than 3000 ms/ },
  'knows no end of a turn or a reply': { tamper: without(8_000), expected: /for more than 8000 ms/ },
  'never makes a failed engine anew': { tamper: without(2_000), expected: /idle without a cause/ },
};

for (const [name, { tamper, expected }] of Object.entries(MUTANTS)) {
  it(`a program that ${name} is found out`, async () => {
    const { failure } = await liveMany({ runs: RUNS, seed: SEED, tamper, isShrunk: false });
    assert.match(failure ?? 'nothing was noticed', expected);
  });
}
