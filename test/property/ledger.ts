import { typeOf } from '../../src/protocol/gemitars.js';
import type { WireMessage } from '../../src/protocol/protocol.js';

/** A second of microphone audio (protocol sheet §7, gemitars.ts). */
const CROSSING_BYTES = 32_000;

/** What one connection's messages mean by the protocol's sheet, as far as the device can know. */
export class Ledger {
  /** The server believes that there is a conversation; `maybe` after an end that may have been about an earlier one. */
  inSession: boolean | 'maybe' = false;
  #due = 0;
  #hasEnded = false;
  #isOpen = false;
  #announces = false;
  /** A server that announces nothing cannot tell the rest of an old reply from a new one. */
  #isVague = false;
  /** Microphone audio since the device said anything else. */
  #micBytes = 0;

  /** Replies that the device was told of and has not completed, for certain. */
  get due(): number {
    return this.#isVague ? 0 : this.#due;
  }

  /** The device has sent a message. Returns what is wrong with that. */
  sent(message: WireMessage): string | undefined {
    if (typeof message !== 'string') return this.#audio(message.length);
    this.#micBytes = 0;
    switch (typeOf(message)) {
      case 'hotword_detected':
        return this.#begin();
      case 'playback_complete':
        return this.#complete();
      case 'session_end':
        return this.#end();
      default:
        return `the device said ${message}`;
    }
  }

  /** The device has taken a message, and done at once what it does about it. */
  delivered(message: WireMessage): void {
    if (typeof message !== 'string') {
      this.#heard();
      return;
    }
    switch (typeOf(message)) {
      case 'start_of_tts_stream':
        this.#announces = true;
        if (this.inSession === false || this.#isOpen) break;
        if (this.inSession === 'maybe') this.#isVague = true;
        this.#isOpen = true;
        this.#due += 1;
        break;
      case 'tts_stream_end':
        this.#isOpen = false;
        break;
      case 'session_end':
        if (this.inSession === true) this.inSession = this.#mayBeStale ? 'maybe' : false;
        break;
      default:
        break;
    }
  }

  #heard(): void {
    if (this.#announces || this.inSession === false || this.#isOpen) return;
    this.#isVague = true;
    this.#isOpen = true;
    this.#due += 1;
  }

  /** An end that comes so soon may be about the session before, and have crossed the start of this one. */
  get #mayBeStale(): boolean {
    return this.#hasEnded && this.#micBytes <= CROSSING_BYTES;
  }

  #audio(bytes: number): string | undefined {
    this.#micBytes += bytes;
    if (this.inSession === false) return 'audio outside a conversation (promise 1)';
    this.inSession = true;
    if (this.due > 0) return 'the microphone is sent within a reply (promise 1)';
    return undefined;
  }

  #begin(): string | undefined {
    if (this.inSession === true)
      return 'a conversation was begun before the server was told of the end of the last one';
    if (this.due > 0) return `a conversation was begun with ${this.due} replies to complete (promise 3)`;
    this.inSession = true;
    this.#due = 0;
    this.#isOpen = false;
    return undefined;
  }

  #complete(): string | undefined {
    if (this.#due === 0 && !this.#isVague) return 'a completion without a reply (promise 3)';
    this.#due = Math.max(0, this.#due - 1);
    if (this.#due === 0) this.#isOpen = false;
    return undefined;
  }

  #end(): string | undefined {
    if (this.inSession === false) return 'the server was told of the end of a conversation that was over';
    if (this.due > 0) return `a conversation ended with ${this.due} replies to complete (promise 3)`;
    this.inSession = false;
    this.#due = 0;
    this.#isOpen = false;
    this.#hasEnded = true;
    return undefined;
  }
}
