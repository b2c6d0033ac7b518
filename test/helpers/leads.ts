import assert from 'node:assert/strict';
import type { Room } from './room.js';
import { concat, say, silence } from './speech.js';

/** The states that a test can lead a device into; `muted` is one way to be idle. */
export type LedState = 'muted' | 'listening' | 'hotwordDetected' | 'userTurn' | 'reply' | 'draining';

/** What a lead leaves behind. */
export interface Led {
  /** Ends what the lead began; call it when the device listens again, or is muted still. */
  restore: () => Promise<void>;
  /** The reply that plays, and a moment before its first sample, on the scale of `performance.now()`. */
  reply?: { words: Int16Array; fromMs: number };
}

/** Milliseconds of the replies that are led into. */
const REPLY_MS = 2_500;
const nothing: Led = { restore: () => Promise.resolve() };

async function call({ sound }: Room): Promise<void> {
  await sound.speak(concat(silence(200), await say('hey tars'), silence(100)));
}

async function userTurn(room: Room): Promise<Led> {
  const begun = room.server.next('hotword_detected');
  await call(room);
  await begun;
  await room.device.waitForState('activeSession.userTurn');
  return nothing;
}

/** A reply whose end is not sent where it is to stay in the state `reply`. */
async function reply(room: Room, to: 'reply' | 'draining'): Promise<Led> {
  const { sound, server, device } = room;
  await userTurn(room);
  const fromMs = performance.now();
  const words = (await say('This reply is long enough to be lost in the middle of it.')).subarray(0, REPLY_MS * 16);
  const sending = server.reply(words, { speed: 10, hasEndMarker: to === 'draining' });
  await sound.speaker.untilSound(fromMs, 5_000);
  await device.waitForState(`activeSession.${to}`);
  return { restore: async () => assert.equal((await sending).isCut, false), reply: { words, fromMs } };
}

/** Leads a listening device with a server into a state; resolves when it is there. */
export const LEADS: Readonly<Record<LedState, (room: Room) => Promise<Led>>> = {
  muted: async ({ device }) => {
    device.signal('SIGURG');
    await device.waitForState('idle');
    return {
      restore: async () => {
        device.signal('SIGURG');
        await device.waitForState('listening');
      },
    };
  },
  listening: async ({ device }) => {
    await device.waitForState('listening');
    return nothing;
  },
  hotwordDetected: async (room) => {
    const { server, device } = room;
    device.mark();
    await server.stop();
    await device.waitFor('link.down');
    await Promise.all([call(room), device.waitForState('hotwordDetected')]);
    return {
      restore: async () => {
        device.mark();
        await server.start();
        device.signal('SIGHUP');
        await device.waitFor('link.up');
      },
    };
  },
  userTurn,
  reply: (room) => reply(room, 'reply'),
  draining: (room) => reply(room, 'draining'),
};
