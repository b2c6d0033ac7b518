import type { JournalEntry } from '../log.js';

/** What a device without a screen has to say of itself. */
export type Situation =
  | 'starting'
  /** Waiting for the hotword, the server is there. */
  | 'listening'
  /** The hotword or the button was noticed; the server is asked. */
  | 'heard'
  /** It is the person's turn. */
  | 'your turn'
  /** A reply plays. */
  | 'speaking'
  /** As `listening`, but the server is not there. */
  | 'offline'
  | 'muted'
  /** No microphone, no engine or no loudspeaker. */
  | 'error';

/** Gathers from the journal what the device is at. Pure. */
export class SituationWatch {
  #state = 'idle';
  #isConnected = false;
  #hasMic = true;
  #hasSpeaker = true;
  #hasListened = false;

  /** Takes one entry of the journal. */
  note(entry: JournalEntry): void {
    switch (entry.event) {
      case 'state.changed':
        this.#state = entry.fields.to;
        this.#hasListened ||= this.#state === 'listening';
        break;
      case 'link.up':
      case 'link.down':
        this.#isConnected = entry.event === 'link.up';
        break;
      case 'mic.ready':
      case 'mic.lost':
        this.#hasMic = entry.event === 'mic.ready';
        break;
      case 'speaker.ready':
      case 'speaker.lost':
        this.#hasSpeaker = entry.event === 'speaker.ready';
        break;
    }
  }

  /** The situation of a device that the person has muted, or has not. */
  situation(isMuted: boolean): Situation {
    if (isMuted) return 'muted';
    if (this.#state === 'hotwordDetected') return 'heard';
    if (this.#state === 'activeSession.userTurn') return 'your turn';
    if (this.#state.startsWith('activeSession') || this.#state === 'announcement') return 'speaking';
    if (this.#state === 'idle') return this.#hasListened || !this.#hasMic ? 'error' : 'starting';
    if (!this.#hasSpeaker) return 'error';
    return this.#isConnected ? 'listening' : 'offline';
  }
}
