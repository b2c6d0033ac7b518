import type { GemitarsServer, Received, ReplyOptions, SentReply } from './gemitars-server.js';
import { RATE_HZ } from './sound-tap.js';

/** The server of before the start marker. */
export const OLD_GENERATION: ReplyOptions = { hasStartMarker: false };

/** A reply whose synthesis failed on its way: no end marker ever comes. */
export const NEVER_ENDING: ReplyOptions = { hasEndMarker: false };

/** A reply whose last audio arrives after the end marker, as GemiTARS's queue may send it. */
export const OVERTAKEN: ReplyOptions = { chunksAfterEnd: 2 };

/** A turn as the server saw it. */
export interface Turn {
  reply: SentReply;
  playbackComplete: Received;
}

/**
 * Resolves when the person has spoken (a sample above `threshold` after `fromMs` of the conversation's audio) and
 * has then been silent for `silenceMs` of audio.
 */
export async function spokenTo(
  server: GemitarsServer,
  { silenceMs = 700, fromMs = 0, threshold = 200, timeoutMs = 15_000 } = {},
): Promise<void> {
  const isOver = () => {
    const audio = server.audio().subarray((fromMs * RATE_HZ) / 1000);
    const last = audio.findLastIndex((sample) => Math.abs(sample) > threshold);
    return last >= 0 && (audio.length - last) * 1000 >= silenceMs * RATE_HZ;
  };
  await server.until(isOver, timeoutMs, 'speech and then silence');
}

/** Sends a reply and waits until the device says that it has been played. */
export async function answer(server: GemitarsServer, samples: Int16Array, options?: ReplyOptions): Promise<Turn> {
  const playbackComplete = server.next('playback_complete', 10_000 + (samples.length * 2000) / RATE_HZ);
  const reply = server.reply(samples, options);
  return { reply: await reply, playbackComplete: await playbackComplete };
}

/** Waits for the hotword, listens until the person is silent, and answers. */
export async function converse(server: GemitarsServer, samples: Int16Array, options?: ReplyOptions): Promise<Turn> {
  await server.next('hotword_detected');
  await spokenTo(server);
  return answer(server, samples, options);
}
