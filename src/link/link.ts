import type { WireMessage } from '../protocol/protocol.js';
import type { Loss } from './socket.js';

/** What a link tells. `up` and `down` alternate, except that `down` also follows each failed attempt to dial. */
export interface LinkListener {
  /** The WebSocket is open. `attempt` counts dials since the link was last stable, from 1. */
  up(info: { url: string; attempt: number }): void;
  /**
   * The WebSocket is gone, or a dial failed. `code` is the close code, the HTTP status, or 0 where there is neither;
   * `reason` is for a person: it names the cause and, where there is one, the remedy. `failures` counts dials that
   * failed or did not last since the link was last stable.
   */
  down(info: { code: number; reason: string; retryInMs: number; failures: number; wasUp: boolean }): void;
  /** A whole message, in order: text as a string, binary as bytes that belong to the listener. */
  message(message: WireMessage): void;
}

/** How closely the peer is watched: `session` pings more often than `idle`. */
export type LinkTempo = 'idle' | 'session';

/** A WebSocket that is opened at start and never given up. Knows nothing of voice, and never throws for a lost peer. */
export interface Link {
  /** True between `up` and `down`. */
  readonly isUp: boolean;
  /**
   * Begins to dial. The listener's calls come later, never from inside. Called again, another listener takes over: it is
   * told `up` if the link is up, and of everything from then on.
   */
  start(listener: LinkListener): void;
  /** Queues a message. False when the link is down or the peer does not take it; nothing is kept for later. */
  send(message: WireMessage): boolean;
  /** Dials at once if the link is down, skipping any wait (slow lanes too); pings at once if it is up. */
  hurry(): void;
  /**
   * Gives up the present connection because of what was said on it, and dials again as after any loss. Nothing while the link
   * is down. The listener's `down` comes later, never from inside.
   */
  drop(loss: Extract<Loss, { kind: 'rejected' | 'timeout' }>): void;
  setTempo(tempo: LinkTempo): void;
  /**
   * Stops reading from the socket (true) or goes on (false), so that a fast server is slowed down by TCP. What has been
   * read already still comes (at most 64 KiB and the message under way). While held, a dead peer is not noticed and
   * pings of the server wait for their answer, so hold for seconds, not minutes. A new connection starts unheld.
   */
  holdReading(hold: boolean): void;
  /**
   * Says goodbye with close code 1001 and never dials again. Resolves when the socket is gone, within 1 s. The listener
   * is not called any more. May be called twice.
   */
  close(): Promise<void>;
}
