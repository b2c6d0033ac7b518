import { bytesOf } from '../../src/pcm/format.js';
import type { FaultConfig, FaultyServer } from './gemitars-faults.js';
import { RATE_HZ } from './sound-tap.js';

export const START = JSON.stringify({ type: 'start_of_tts_stream' });
export const END = JSON.stringify({ type: 'tts_stream_end' });
export const SESSION_END = JSON.stringify({ type: 'session_end' });

/** Lead-in of the device itself, a rebuffering after a gap (400 ms), late audio (150 ms), and the word that it is played. */
const PLAY_MARGIN_MS = 1_000;

/** A quiet hum of so many milliseconds, as bytes. */
export function hum(durationMs: number): Buffer {
  const sample = (_: unknown, i: number) => Math.round(2_000 * Math.sin((2 * Math.PI * 220 * i) / RATE_HZ));
  return bytesOf(Int16Array.from({ length: (durationMs * RATE_HZ) / 1000 }, sample));
}

/** Sends messages one after the other; false as soon as one could not be sent. */
export async function sendAll(server: FaultyServer, ...messages: (string | Uint8Array)[]): Promise<boolean> {
  for (const message of messages) if (!(await server.send(message))) return false;
  return true;
}

/** How long a turn lasts in which nobody says anything. */
export function quietTurnMs({ session }: FaultConfig): number {
  return Math.min(session.idle_limit_ms, session.turn_limit_ms);
}

/** How long it takes to play what has come and what waited. */
export function playOutMs({ speaker }: FaultConfig, soundMs: number): number {
  return soundMs + speaker.lead_in_ms + speaker.prebuffer_ms + PLAY_MARGIN_MS;
}

/** How long a conversation lasts whose server does nothing any more, a reply that it had begun included. */
export function abandonedMs(config: FaultConfig, soundMs: number): number {
  return config.session.reply_stall_ms + playOutMs(config, soundMs) + quietTurnMs(config);
}

/** How long a peer may be silent in a conversation before it is taken for dead. */
export function deadPeerMs({ link }: FaultConfig): number {
  return link.ping_session_ms + Math.min(link.ping_session_ms, link.pong_timeout_ms);
}
