import type { DialTarget, WireMessage } from '../protocol/protocol.js';

/** Why a connection was lost, or never came to be: the bare fact, without judgement. */
export type Loss =
  /** The peer closed the WebSocket, or the connection ended without a word (1006). */
  | { kind: 'closed'; code: number; reason: string }
  /** The peer answered the upgrade request with an HTTP status; `said` are its words about it, '' for none. */
  | { kind: 'refused'; status: number; retryAfterMs: number | undefined; location: string | undefined; said: string }
  /** Resolving, connecting, TLS, or what the peer sent failed. */
  | { kind: 'failed'; error: unknown }
  /** The dial took too long. */
  | { kind: 'timeout'; afterMs: number }
  /** Nothing came from the peer for too long. */
  | { kind: 'silent'; silentMs: number }
  /** The peer said in its own messages that it does not want this connection. */
  | { kind: 'rejected'; reason: string; isLasting: boolean }
  /** The peer takes nothing any more. */
  | { kind: 'stalled'; bufferedBytes: number };

/** What a socket tells, never from inside a call to it. After `lost`, and after `terminate()`, nothing more. */
export interface SocketEvents {
  opened(): void;
  /** A frame came that was understood, or a large part of a message. */
  alive(): void;
  /** A whole message; bytes belong to the receiver. */
  message(message: WireMessage): void;
  lost(loss: Loss): void;
}

/** One attempt at a connection and what becomes of it. */
export interface Socket {
  /** Bytes given to `send` that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<void>;
  /** False when it is not open. */
  send(message: WireMessage): boolean;
  ping(): void;
  /** Stops reading (true), or goes on. */
  hold(isHeld: boolean): void;
  /** Says goodbye with close code 1001; `gone` resolves when the peer has answered. */
  goodbye(): void;
  /** Ends it at once. */
  terminate(): void;
}

/** Opens a connection to the target. */
export type OpenSocket = (target: DialTarget, events: SocketEvents) => Socket;
