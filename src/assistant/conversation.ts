import type { Clock, Timer } from '../clock.js';
import type { Log } from '../log.js';
import { bytesOf, SPEECH_FORMAT, samplesOf } from '../pcm/format.js';
import { pause } from '../pcm/supervisor.js';
import { typeOf } from '../protocol/gemitars.js';
import type { WireMessage } from '../protocol/protocol.js';
import { synthesiseChime } from './chime.js';
import { Endpointer } from './endpointer.js';
import { composeReply } from './reply.js';

/** Options of `Conversation`. */
export interface ConversationOptions {
  /** Sends a message to the device. Resolves when the network has taken it, or when the connection is gone; never rejects. */
  send: (message: WireMessage) => Promise<void>;
  /** How long nobody must speak for an utterance to be over. */
  endOfSpeechMs: number;
  /** How long nobody may speak before the session is ended. */
  silenceLimitMs: number;
  clock: Clock;
  log: Log;
}

/** Where the server side of GemiTARS stands; its PROCESSING takes no time here. */
export type ConversationState = 'passive' | 'active' | 'speaking';

const { rateHz } = SPEECH_FORMAT;
const CHUNK_MS = 100;
/** Faster than it is played, as speech services deliver, so that the device has to buffer; not so fast as to flood it. */
const SPEED = 3;
/** How much longer than the reply itself its playback may take before the server goes on without a word of it. */
const PLAYBACK_GRACE_MS = 10_000;

/** The server side of GemiTARS towards one device: says back what it hears. Knows nothing of sockets. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #chime = synthesiseChime(rateHz);
  readonly #ignored = new Map<string, number>();
  #state: ConversationState = 'passive';
  #endpointer = new Endpointer({ rateHz });
  #oddByte: Uint8Array = new Uint8Array(0);
  #limit: Timer | undefined;
  #streaming: AbortController | undefined;
  #playedByMs = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
  }

  get state(): ConversationState {
    return this.#state;
  }

  /** How many messages meant nothing. */
  get ignoredMessages(): number {
    return [...this.#ignored.values()].reduce((total, count) => total + count, 0);
  }

  /** Takes a text message of the device; what cannot be understood is counted and has no effect. */
  text(text: string): void {
    const type = typeOf(text);
    if (type === 'hotword_detected') this.#begin();
    else if (type === 'playback_complete') this.#played();
    else if (type === 'session_end') this.#rest();
    else this.#ignore(type === undefined ? 'text that is no message' : 'unknown message type');
  }

  /** Takes audio of the device: any number of bytes, an odd one waits for its other half. Dropped unless ACTIVE. */
  audio(bytes: Uint8Array): void {
    if (this.#state !== 'active') return;
    const whole = this.#oddByte.length === 0 ? bytes : Buffer.concat([this.#oddByte, bytes]);
    this.#oddByte = whole.slice(whole.length & ~1);
    const heard = this.#endpointer.feed(samplesOf(whole));
    if (heard) this.#reply(heard);
    else if (this.#endpointer.isHearing) this.#armSilenceLimit();
  }

  /** The device is gone. May be called twice. */
  close(): void {
    this.#rest();
  }

  #begin(): void {
    if (this.#state !== 'passive') {
      this.#options.log.debug('hotword_detected inside a session: ignored');
      return;
    }
    this.#listen({ followsHotword: true });
  }

  #listen(options: { followsHotword: boolean; floorDb?: number }): void {
    const { endOfSpeechMs } = this.#options;
    this.#enter('active');
    this.#endpointer = new Endpointer({ rateHz, endOfSpeechMs, ...options });
    this.#oddByte = new Uint8Array(0);
    this.#armSilenceLimit();
  }

  #armSilenceLimit(): void {
    this.#arm(this.#options.silenceLimitMs, () => {
      this.#rest();
      this.#say('session_end');
    });
  }

  #reply(heard: Int16Array): void {
    const reply = composeReply(this.#chime, heard, rateHz);
    const lengthMs = (reply.length / rateHz) * 1000;
    this.#enter('speaking');
    this.#options.log.debug({ heardMs: (heard.length / rateHz) * 1000, replyMs: lengthMs }, 'replying');
    this.#playedByMs = this.#options.clock.nowMs() + lengthMs;
    const goOn = () => this.#giveUpOnPlayback();
    this.#arm(lengthMs + PLAYBACK_GRACE_MS, goOn);
    const streaming = new AbortController();
    this.#streaming = streaming;
    void this.#stream(reply, streaming.signal).then(() => {
      if (streaming.signal.aborted) return;
      this.#streaming = undefined;
      this.#say('tts_stream_end');
      this.#arm(lengthMs + PLAYBACK_GRACE_MS, goOn);
    });
  }

  async #stream(reply: Int16Array, signal: AbortSignal): Promise<void> {
    const { send, clock } = this.#options;
    this.#say('start_of_tts_stream');
    const step = (rateHz * CHUNK_MS) / 1000;
    let dueMs = clock.nowMs();
    for (let at = 0; at < reply.length && !signal.aborted; at += step) {
      await send(bytesOf(reply.subarray(at, at + step)));
      dueMs += CHUNK_MS / SPEED;
      await pause(dueMs - clock.nowMs(), signal, clock);
    }
  }

  #played(): void {
    if (this.#state !== 'speaking') return;
    // Sooner than it can have been played, it was interrupted, and by a hotword as a rule.
    const wasInterrupted = this.#options.clock.nowMs() < this.#playedByMs;
    this.#endStream();
    this.#listen({ followsHotword: wasInterrupted, floorDb: this.#endpointer.floorDb });
  }

  #giveUpOnPlayback(): void {
    this.#options.log.warn('the device did not say that the reply has been played');
    this.#endStream();
    this.#listen({ followsHotword: false, floorDb: this.#endpointer.floorDb });
  }

  /** Marks the end of a reply that is still being sent: a device that interrupted it waits for the mark. */
  #endStream(): void {
    if (this.#streaming) this.#say('tts_stream_end');
  }

  #rest(): void {
    this.#enter('passive');
  }

  #enter(state: ConversationState): void {
    this.#state = state;
    this.#streaming?.abort();
    this.#streaming = undefined;
    if (this.#limit !== undefined) this.#options.clock.clearTimeout(this.#limit);
    this.#limit = undefined;
  }

  #arm(delayMs: number, callback: () => void): void {
    const { clock } = this.#options;
    if (this.#limit !== undefined) clock.clearTimeout(this.#limit);
    this.#limit = clock.setTimeout(callback, delayMs);
  }

  #say(type: 'start_of_tts_stream' | 'tts_stream_end' | 'session_end'): void {
    void this.#options.send(JSON.stringify({ type }));
  }

  #ignore(kind: string): void {
    const count = (this.#ignored.get(kind) ?? 0) + 1;
    this.#ignored.set(kind, count);
    if (count === 1)
      this.#options.log.warn({ kind }, 'a message that means nothing: ignored, more of its kind are only counted');
  }
}
