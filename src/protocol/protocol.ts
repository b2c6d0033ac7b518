import type { PcmFormat } from '../pcm/format.js';

/** What the server says, in this program's terms. */
export type ServerEvent =
  /** The server has greeted this device: from here on it may be talked to. Where a codec is ready at once it never comes. */
  | { type: 'ready' }
  /** These are to be sent now; they mean nothing to the conversation. */
  | { type: 'answer'; messages: readonly WireMessage[] }
  /** The server does not want this connection; `isLasting`: only a person can mend that. */
  | { type: 'rejected'; reason: string; isLasting: boolean }
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
  | Display
  | PlayRequest
  /** What plays for this owner is to be silent. */
  | { type: 'play.stopped'; owner: string }
  /** The apps that run on the server now. */
  | { type: 'apps'; running: readonly string[] }
  /** The server reports a failure of its own. */
  | { type: 'error'; message: string }
  /** Something that means nothing here and now: counted and logged once, never an error. `kind` is short and constant. */
  | { type: 'ignored'; kind: string; detail: string };

/** What the server shows, in words. */
export interface Display {
  type: 'display';
  /** `main` replaces what the person sees; `dashboard` is kept until they look. */
  view: 'main' | 'dashboard';
  /** `text` is for the person; `notice` says what the server is doing; `clear` empties the view, and has no text. */
  kind: 'text' | 'notice' | 'clear';
  /** As it came: `Protocol.fill` replaces what stands for the time and so on. */
  text: string;
}

/** Sound that the server wants fetched and played. */
export interface PlayRequest {
  type: 'play.requested';
  id: string;
  owner: string;
  url: string;
  /** 0 to 1. */
  volume: number;
  /** What plays is silenced for it; else it waits. */
  stopsOthers: boolean;
}

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
  /** A reply begins to play: the person's turn is over. */
  | { type: 'reply.begun' }
  /** The reply has been played to its last sample, or cannot be played. Once a reply. */
  | { type: 'playback.complete' }
  /** The person interrupted the reply: no more of it will be played. Stands instead of `playback.complete`. */
  | { type: 'interrupted' }
  | { type: 'session.ended'; reason: EndReason }
  /** What became of a `play.requested`; without an error it was played to its end. */
  | { type: 'play.finished'; id: string; durationMs: number; error?: string }
  /** The device's button was pressed, or the key that stands for it: short begins or ends a conversation, long mutes. */
  | { type: 'button'; press: 'short' | 'long' }
  /** The state of the device's battery; told when the server may be talked to, and when it changes. */
  | ({ type: 'battery' } & BatteryLevel)
  /** The person wants an app of the server's started or stopped. */
  | { type: 'app'; id: string; do: 'start' | 'stop' };

/** How full a battery is. */
export interface BatteryLevel {
  /** 0 to 100, whole. */
  percent: number;
  isCharging: boolean;
}

/** What stands in for placeholders in a display's text. */
export interface DisplayFacts {
  at: Date;
  /** Undefined where the device has no battery. */
  battery: BatteryLevel | undefined;
}

/** One WebSocket message: text, or binary. */
export type WireMessage = string | Uint8Array;

/**
 * Translates between wire and events on one connection. Pure: no I/O, no timers. A new connection gets a new codec, so
 * nothing of a lost conversation survives.
 */
export interface Codec {
  /** False until the server has greeted this device, where a protocol wants that; nothing is encoded before. */
  readonly isReady: boolean;
  /** What asks for the greeting again when it does not come; none where the protocol has no greeting. */
  greet(): WireMessage[];
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
  /** The longest message taken, in bytes. @default 1048576 */
  maxMessageBytes?: number;
}

/** A server's language. One file and one row in the registry; README.md here says what else there may be to do. */
export interface Protocol {
  readonly name: string;
  /**
   * True where the server greets a connection, and says only then what holds for it: the device says nothing sooner, and a
   * connection cannot be handed on to a codec that has not seen its greeting.
   */
  readonly hasGreeting: boolean;
  /** True where the server wants to know about the device's battery. @default false */
  readonly wantsBattery?: boolean;
  /** What the server wants from the microphone. */
  readonly micFormat: PcmFormat;
  dial(server: URL): DialTarget;
  /** `now` is the wall clock, for protocols whose messages carry the time. */
  connect(now: () => Date): Codec;
  /** Where the server shows and plays things of its own: how the placeholders of a display's text are filled in. */
  readonly displays?: { fill(text: string, facts: DisplayFacts): string };
}
