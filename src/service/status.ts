import type { JournalEntry } from '../log.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A missing part in words; undefined while it is there. */
type Lack = string | undefined;

/**
 * What the device is doing, in words for `systemctl status`, gathered from the journal. Pure: the time is given.
 */
export class ServiceStatus {
  #state = 'idle';
  #phrases: readonly string[] = [];
  #mic: Lack = 'not open yet';
  #engine: Lack = 'starting';
  #hasEverConnected = false;
  #downSinceMs: number | undefined;

  /** Takes one entry of the journal, written at `nowMs`. */
  note(entry: JournalEntry, nowMs: number): void {
    switch (entry.event) {
      case 'client.started':
        this.#downSinceMs = nowMs;
        break;
      case 'state.changed':
        this.#state = entry.fields.to;
        break;
      case 'link.up':
        this.#hasEverConnected = true;
        this.#downSinceMs = undefined;
        break;
      case 'link.down':
        this.#downSinceMs ??= nowMs;
        break;
      case 'mic.ready':
        this.#mic = undefined;
        break;
      case 'mic.lost':
        this.#mic = entry.fields.why;
        break;
      case 'hotword.ready':
        this.#engine = undefined;
        this.#phrases = entry.fields.phrases;
        break;
    }
  }

  /** Microphone and engine run: the person is heard. The server may come later. */
  get isReady(): boolean {
    return this.#mic === undefined && this.#engine === undefined && this.#state !== 'idle';
  }

  /** The engine runs: all that a muted device is ready with. */
  get hasEngine(): boolean {
    return this.#engine === undefined;
  }

  /** One line. */
  words(nowMs: number, isMuted: boolean): string {
    const activity = this.#activity(isMuted);
    const server = this.#server(nowMs);
    return server === undefined ? activity : `${activity}; ${server}`;
  }

  #activity(isMuted: boolean): string {
    if (this.#state.startsWith('activeSession')) return 'In conversation';
    if (this.#state === 'hotwordDetected') return 'Heard the hotword';
    if (this.#state === 'announcement') return "Playing a sound of an app's";
    if (this.#state === 'listening') {
      if (this.#phrases.length === 0) return 'Waiting for a button or a key: there is no hotword engine';
      return `Listening for ${this.#phrases.map((phrase) => `"${phrase}"`).join(', ')}`;
    }
    if (isMuted) return 'Muted';
    if (this.#engine !== undefined) return 'Starting';
    return this.#mic === undefined ? 'Starting' : `No microphone: ${this.#mic}`;
  }

  #server(nowMs: number): string | undefined {
    if (this.#downSinceMs === undefined) return undefined;
    const forMs = nowMs - this.#downSinceMs;
    if (forMs < MINUTE_MS) return this.#hasEverConnected ? 'server unreachable' : 'not connected yet';
    return `server unreachable for ${span(forMs)}`;
  }
}

function span(ms: number): string {
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  const hours = Math.floor(ms / HOUR_MS);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
