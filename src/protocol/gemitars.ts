import { SPEECH_FORMAT } from '../pcm/format.js';
import type { Codec, DeviceEvent, Protocol, ServerEvent, WireMessage } from './protocol.js';

/**
 * GemiTARS: JSON text frames with a `type`, binary frames of 16 kHz 16-bit mono PCM both ways, no handshake.
 *
 * Two generations are served: the newer announces a reply with `start_of_tts_stream`, the older just sends audio, so
 * there the first binary frame is the start. The server may send audio after `tts_stream_end` (its audio goes through
 * a queue, its markers do not), so audio counts to the reply until the device says `playback_complete`.
 */
export const gemitars: Protocol = {
  name: 'gemitars',
  hasGreeting: false,
  micFormat: SPEECH_FORMAT,
  dial: (server) => ({ url: server, headers: {}, subprotocols: [] }),
  connect: () => new GemitarsCodec(),
};

/** Where the reply stands: `open` until its end marker, `ended` until it has been played, `dropped` after an interruption. */
type ReplyStage = 'none' | 'open' | 'ended' | 'dropped';

class GemitarsCodec implements Codec {
  /** There is no handshake. */
  readonly isReady = true;
  #isInSession = false;
  #announcesReplies = false;
  #stage: ReplyStage = 'none';
  /** Microphone audio, the codec's only clock: since audio was dropped last. */
  #sinceDroppedBytes = 0;
  /** The same since the session began. */
  #sessionBytes = 0;
  #hasEndedSession = false;

  greet(): WireMessage[] {
    return [];
  }

  decode(message: WireMessage): ServerEvent[] {
    return typeof message === 'string' ? this.#decodeText(message) : this.#decodeAudio(message);
  }

  encode(event: DeviceEvent): WireMessage[] {
    switch (event.type) {
      case 'mic.audio':
        this.#sessionBytes += event.pcm.length;
        this.#sinceDroppedBytes += event.pcm.length;
        if (this.#stage === 'dropped' && this.#sinceDroppedBytes > CROSSING_BYTES) this.#stage = 'none';
        return [event.pcm];
      case 'session.started':
        this.#isInSession = true;
        this.#sessionBytes = 0;
        this.#sinceDroppedBytes = 0;
        return [JSON.stringify({ type: 'hotword_detected' })];
      case 'playback.complete':
        this.#stage = 'none';
        return [PLAYBACK_COMPLETE];
      case 'interrupted':
        this.#drop();
        return [PLAYBACK_COMPLETE];
      case 'session.ended':
        this.#isInSession = false;
        this.#hasEndedSession = true;
        this.#drop();
        return [JSON.stringify({ type: 'session_end' })];
      default:
        return [];
    }
  }

  /** What is still under way of a reply must not be taken for the next one. */
  #drop(): void {
    if (this.#stage !== 'none') this.#stage = 'dropped';
    this.#sinceDroppedBytes = 0;
  }

  #decodeText(text: string): ServerEvent[] {
    const type = typeOf(text);
    if (type === undefined) return [ignored('text that is no message', `${text.length} characters`)];
    switch (type) {
      case 'start_of_tts_stream':
        return this.#startMarker();
      case 'tts_stream_end':
        return this.#endMarker();
      case 'session_end':
        if (!this.#isInSession) return [ignored('session_end outside a session', '')];
        if (this.#hasEndedSession && this.#sessionBytes <= CROSSING_BYTES) {
          // It is about the session that this side ended a moment ago, and crossed the start of the present one.
          this.#hasEndedSession = false;
          return [ignored('session_end of an earlier session', '')];
        }
        this.#isInSession = false;
        return [{ type: 'session.ended', reason: 'server' }];
      default:
        return [ignored('unknown message type', type)];
    }
  }

  #startMarker(): ServerEvent[] {
    this.#announcesReplies = true;
    if (!this.#isInSession) return [ignored('start_of_tts_stream outside a session', '')];
    if (this.#stage === 'open') return [ignored('start_of_tts_stream inside a reply', '')];
    this.#stage = 'open';
    return [{ type: 'reply.started', format: SPEECH_FORMAT }];
  }

  #endMarker(): ServerEvent[] {
    if (this.#stage === 'dropped') {
      this.#stage = 'none';
      return [];
    }
    if (this.#stage !== 'open') return [ignored('tts_stream_end without a reply', '')];
    this.#stage = 'ended';
    return [{ type: 'reply.ended' }];
  }

  #decodeAudio(pcm: Uint8Array): ServerEvent[] {
    if (this.#stage === 'open' || this.#stage === 'ended') return [{ type: 'reply.audio', pcm }];
    if (this.#stage === 'dropped') {
      this.#sinceDroppedBytes = 0;
      return [];
    }
    if (!this.#isInSession) return [ignored('audio outside a session', '')];
    if (this.#announcesReplies) return [ignored('audio outside a reply', '')];
    this.#stage = 'open';
    return [
      { type: 'reply.started', format: SPEECH_FORMAT },
      { type: 'reply.audio', pcm },
    ];
  }
}

const PLAYBACK_COMPLETE = JSON.stringify({ type: 'playback_complete' });
/** One second of microphone audio: longer than anything is under way that crosses a message of this side. */
const CROSSING_BYTES = 2 * SPEECH_FORMAT.rateHz;
const DETAIL_LIMIT = 60; // characters of an unknown type that are logged; never the message itself, it may be speech

function ignored(kind: string, detail: string): ServerEvent {
  return { type: 'ignored', kind, detail: detail.slice(0, DETAIL_LIMIT) };
}

/** The `type` of a GemiTARS text message; undefined for a text that is none: not JSON, no object, no such key. */
export function typeOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
    return typeof value.type === 'string' ? value.type : undefined;
  } catch {
    return undefined; // not JSON: the caller counts it as ignored
  }
}
