import type { PcmFormat } from '../pcm/format.js';

/** What the server says, in this program's terms. */
export type ServerEvent =
  /** A reply begins; its audio follows in `format`. */
  | { type: 'reply.started'; format: PcmFormat }
  /** Audio of the reply that began last: bytes as they came, any length. */
  | { type: 'reply.audio'; pcm: Uint8Array }
  /** All audio of the reply has been produced (some may still be under way). */
  | { type: 'reply.ended' }
  /** The server ended the conversation; the connection stays. */
  | { type: 'session.ended'; reason: string }
  /** The server asks for a conversation without a hotword. */
  | { type: 'session.requested'; reason: string }
  /** Words for a screen. */
  | { type: 'text'; text: string }
  /** The server reports a failure of its own. */
  | { type: 'error'; message: string }
  /** Something that means nothing here and now: counted and logged once, never an error. `kind` is short and constant. */
  | { type: 'ignored'; kind: string; detail: string };

/** Why a conversation ended on this side. */
export type EndReason =
  | 'user'
  | 'turn limit'
  | 'silence'
  | 'reply limit'
  | 'microphone lost'
  | 'speaker lost'
  | 'engine lost'
  | 'muted'
  | 'shutdown';

/** What the device tells the server, in this program's terms. */
export type DeviceEvent =
  | { type: 'session.started' }
  /** Microphone audio in the protocol's `micFormat`. */
  | { type: 'mic.audio'; pcm: Uint8Array }
  /** The reply has been played to its last sample, or cannot be played. Once a reply. */
  | { type: 'playback.complete' }
  /** The person interrupted the reply: no more of it will be played. Stands instead of `playback.complete`. */
  | { type: 'interrupted' }
  | { type: 'session.ended'; reason: EndReason };

/** One WebSocket message: text, or binary. */
export type WireMessage = string | Uint8Array;

/**
 * Translates between wire and events on one connection. Pure: no I/O, no clock. A new connection gets a new codec, so
 * nothing of a lost conversation survives.
 */
export interface Codec {
  /** What a message means. Never throws: what cannot be understood is an `ignored` event. */
  decode(message: WireMessage): ServerEvent[];
  /** The messages that say it, in order; none where the protocol has no word for it. */
  encode(event: DeviceEvent): WireMessage[];
}

/** What the dialler needs to know to open the connection. */
export interface DialTarget {
  url: URL;
  /** Extra HTTP headers of the upgrade request; the token is not among them. */
  headers: Record<string, string>;
  subprotocols: string[];
}

/** A server's language. One file and one row in the registry. */
export interface Protocol {
  readonly name: string;
  /** What the server wants from the microphone. */
  readonly micFormat: PcmFormat;
  dial(server: URL): DialTarget;
  connect(): Codec;
}
