import type { Clock } from '../../src/clock.js';
import type { Config } from '../../src/config.js';
import type { JournalEntry } from '../../src/log.js';
import { samplesOf } from '../../src/pcm/format.js';
import type { WireMessage } from '../../src/protocol/protocol.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { Ledger } from './ledger.js';
import type { WireWatch } from './virtual-network.js';
import type { VirtualEngine, VirtualMicrophone, VirtualSpeaker } from './virtual-sound.js';

/** What the promises are about. */
export interface Watched {
  config: Config;
  clock: Clock;
  microphone: VirtualMicrophone;
  speaker: VirtualSpeaker;
  engine: VirtualEngine;
  /** The person has muted the device. */
  isMuted: () => boolean;
  /** A device that dials now gets a connection. */
  isReachable: () => boolean;
}

/** A promise of the design that was not kept. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Timers of one instant, and the microphone's chunk. */
const TICK_MS = 100;
/** A capture that is muted may take so long to close. */
const CLOSING_MS = 200;
/** An engine that failed is made anew after 2 s; a microphone needs to be opened. */
const MENDING_MS = 2_500;
/** A dial into a black hole. */
const HANDSHAKE_MS = 10_000;
/** Lead-in, gaps, late audio, and a device that does not say that it has played (5 s): what playing takes beyond the sound. */
const PLAY_MARGIN_MS = 7_000;
/** What playing out may take beyond the buffered sound (`app.ts`). */
const DRAIN_MARGIN_MS = 45_000;

const isPlaying = (state: string) => state === 'activeSession.reply' || state === 'activeSession.draining';
const samplesIn = (ms: number) => Math.round((ms * RATE_HZ) / 1000);

/** Watches the device from outside, and fails as soon as one of the promises of design.md §8 does not hold. */
export class Promises implements WireWatch {
  /** The device's state, as it says itself. */
  state = 'idle';
  isUp = false;
  /** Conversations begun, and replies told of and played, for a test that wants to know that something happened. */
  readonly counts: Record<string, number> = {};
  readonly #watched: Watched;
  readonly #stateLimitsMs: ReadonlyMap<string, number>;
  #ledger = new Ledger();
  #connection = 0;
  #stateSinceMs = 0;
  #stateWhy = '';
  #troubledAtMs = 0;
  #unreachableAtMs = 0;
  #retryInMs = 0;
  #mutedSinceMs: number | undefined;
  /** The end of what was sent of this turn; undefined before its first sample. */
  #cursor: number | undefined;
  #isFirstTurn = false;
  #heldFrom = 0;
  #playback: VirtualSpeaker['current'];
  /** Since when replies play without a pause; undefined while none does. */
  #playingSinceMs: number | undefined;
  /** Sound that has come since then. */
  #soundMs = 0;
  /** The part of it that came before the limit of a reply. */
  #soundInTimeMs = 0;
  /** Sound that nobody takes may play for longer. */
  #isSlow = false;
  /** More than one reply plays, or it was cut. */
  #isMixed = false;
  #unfindableAtMs = 0;
  #broken: Broken | undefined;
  #isReleased = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    const { session, speaker } = watched.config;
    this.#stateLimitsMs = new Map([
      ['hotwordDetected', session.connect_grace_ms],
      ['activeSession.userTurn', session.turn_limit_ms],
      ['activeSession.reply', session.reply_limit_ms],
      ['activeSession.draining', speaker.buffer_limit_ms + DRAIN_MARGIN_MS],
    ]);
  }

  /** Takes an entry of the journal. */
  note({ event, fields }: JournalEntry): void {
    this.counts[event] = (this.counts[event] ?? 0) + 1;
    if (event === 'link.up') this.isUp = true;
    if (event === 'link.down') {
      this.isUp = false;
      this.#retryInMs = fields.retryInMs;
    }
    if (event === 'state.changed') this.#enter(fields.to, fields.why);
  }

  /** Something has begun or ended that keeps the device from listening for a moment. */
  trouble(): void {
    this.#troubledAtMs = this.#watched.clock.nowMs();
  }

  opened(connection: number): void {
    this.#connection = connection;
    this.#ledger = new Ledger();
  }

  lost(connection: number): void {
    if (connection === this.#connection) this.#ledger = new Ledger();
  }

  sent(_connection: number, message: WireMessage): void {
    const { isMuted, speaker } = this.#watched;
    const fault = this.#ledger.sent(message);
    if (fault !== undefined) this.#fail(fault);
    if (typeof message !== 'string') {
      if (isMuted()) this.#fail('audio of a muted microphone (promise 1)');
      this.#follow(samplesOf(Buffer.from(message)));
      return;
    }
    this.#cursor = undefined;
    this.#isFirstTurn = message.includes('hotword_detected');
    if (!message.includes('playback_complete')) return;
    if (this.#missingMs > 0) this.#fail(`${this.#missingMs} ms of a reply were not played (promise 3)`);
    const leftMs = this.#playback?.leftMs ?? 0;
    if (leftMs > 0)
      this.#fail(`playback_complete ${leftMs} ms before the last sample, with ${speaker.mood} (promise 3)`);
  }

  delivered(_connection: number, message: WireMessage): void {
    const due = this.#ledger.due;
    this.#ledger.delivered(message);
    this.#notePlayback();
    this.#isMixed ||= due > 0 && this.#ledger.due > due;
    if (typeof message === 'string') return;
    const soundMs = (message.length / 2 / RATE_HZ) * 1_000;
    if (this.state === 'activeSession.reply') this.#soundMs += soundMs;
    if (this.#playingMs < this.#watched.config.session.reply_limit_ms) this.#soundInTimeMs += soundMs;
  }

  /** The program ends: it need not come back any more. */
  release(): void {
    this.#isReleased = true;
  }

  /** To be called whenever something may have happened. Throws Broken. */
  check(): void {
    this.#notePlayback();
    this.#checkMute();
    if (!this.#isReleased) this.#checkState();
    if (!this.#isReleased) this.#checkLink();
    const { microphone } = this.#watched;
    const isOpenTurn = this.state === 'activeSession.userTurn' && this.#cursor !== undefined;
    if (isOpenTurn && this.isUp && this.#cursor !== microphone.position) {
      this.#fail(`${microphone.position - (this.#cursor ?? 0)} samples of the turn were kept back (promise 2)`);
    }
    const isSettled = !this.state.startsWith('activeSession');
    if (isSettled && this.#ledger.due > 0) this.#fail(`${this.#ledger.due} replies were never completed (promise 3)`);
    if (this.#broken) throw this.#broken;
  }

  /** What has come of a reply that was played to its end, and was not played. */
  get #missingMs(): number {
    const playback = this.#playback;
    if (!playback?.isDrained || this.#isMixed) return 0;
    return Math.round(this.#soundMs - playback.soundMs);
  }

  #enter(state: string, why: string): void {
    const { clock, engine, microphone, config } = this.#watched;
    this.#noteOpened();
    const isPause = state === 'activeSession.userTurn' && why === 'playback.drained';
    if (!isPlaying(state) && !isPause) this.#playingSinceMs = undefined;
    if (isPlaying(state) && !isPlaying(this.state)) {
      this.#soundMs = 0;
      this.#isMixed = false;
    }
    if (isPlaying(state) && this.#playingSinceMs === undefined) {
      this.#playingSinceMs = clock.nowMs();
      this.#soundInTimeMs = 0;
      this.#isSlow = false;
    }
    if (why === 'no connection in time' && clock.nowMs() - this.#unfindableAtMs > config.session.connect_grace_ms) {
      this.#fail('a hotword did not find a server that was there (promise 5)');
    }
    if (state === 'hotwordDetected') {
      const preRoll = why.startsWith('hotword') ? samplesIn(config.session.pre_roll_ms) : 0;
      const from = preRoll > 0 ? engine.endedAt - preRoll : microphone.position;
      this.#heldFrom = Math.max(from, microphone.brokenAt);
    }
    this.state = state;
    this.#stateWhy = why;
    this.#stateSinceMs = clock.nowMs();
  }

  /** The microphone's sound of one turn goes on where it stopped, and begins where it should. */
  #follow(samples: Int16Array): void {
    const { microphone } = this.#watched;
    // Zeros may be from anywhere.
    if (this.#cursor === undefined && samples.every((sample) => sample === 0)) {
      this.#isFirstTurn = false;
      return;
    }
    const at = this.#cursor ?? this.#find(samples);
    if (at === undefined) {
      this.#fail('what was sent is not what was heard (promise 2)');
      return;
    }
    const isRight = samples.every((sample, i) => sample === microphone.emitted[at + i]);
    if (!isRight) this.#fail(`the sound of a turn has a gap (promise 2)`);
    if (this.#cursor === undefined) this.#checkBeginning(at);
    this.#cursor = at + samples.length;
  }

  #checkBeginning(at: number): void {
    const { microphone } = this.#watched;
    if (at < microphone.brokenAt) this.#fail('sound from before an interruption (promise 1)');
    if (!this.#isFirstTurn) return;
    const early = this.#heldFrom - at;
    if (early < -samplesIn(TICK_MS)) this.#fail(`${-early} samples after the hotword are missing (promise 2)`);
    if (early > samplesIn(2 * TICK_MS)) this.#fail(`${early} samples too many from before the hotword (promise 1)`);
  }

  /** Where in the microphone's stream these samples are. */
  #find(samples: Int16Array): number | undefined {
    const { emitted, position } = this.#watched.microphone;
    for (let at = position - samples.length; at >= 0; at--) {
      if (samples.every((sample, i) => sample === emitted[at + i])) return at;
    }
    return undefined;
  }

  /** No cue sounds while a reply plays, so what plays then is the reply. */
  #notePlayback(): void {
    if (isPlaying(this.state)) {
      this.#playback = this.#watched.speaker.current;
    } else if (this.#ledger.due === 0) this.#playback = undefined;
  }

  #checkMute(): void {
    const { clock, isMuted, microphone } = this.#watched;
    if (!isMuted()) this.#mutedSinceMs = undefined;
    else this.#mutedSinceMs ??= clock.nowMs();
    if (this.#mutedSinceMs === undefined || clock.nowMs() - this.#mutedSinceMs < CLOSING_MS) return;
    if (microphone.isOpen) this.#fail('a muted device has its microphone open (promise 1)');
  }

  /** A pause in which the microphone does not open is none. */
  #noteOpened(): void {
    const { clock, config } = this.#watched;
    const hasOpened = clock.nowMs() - this.#stateSinceMs >= config.session.settle_ms;
    if (this.state === 'activeSession.userTurn' && hasOpened) this.#playingSinceMs = undefined;
  }

  /** How long replies have been playing without a pause. */
  get #playingMs(): number {
    const nowMs = this.#watched.clock.nowMs();
    return nowMs - (this.#playingSinceMs ?? nowMs);
  }

  #checkState(): void {
    const { clock, config, isMuted, microphone, speaker } = this.#watched;
    const nowMs = clock.nowMs();
    this.#noteOpened();
    const limitMs = this.#stateLimitsMs.get(this.state);
    if (limitMs !== undefined && nowMs - this.#stateSinceMs > limitMs + TICK_MS) {
      this.#fail(`${this.state} for more than ${limitMs} ms, since ${this.#stateWhy} (promise 4)`);
    }
    this.#isSlow ||= speaker.mood === 'full';
    if (!this.#isSlow && this.#playingMs > config.session.reply_limit_ms + this.#soundInTimeMs + PLAY_MARGIN_MS) {
      this.#fail(`replies for ${this.#playingMs} ms without a pause (promise 4)`);
    }
    if (isMuted() || !microphone.isFine) this.#troubledAtMs = nowMs;
    const calmSinceMs = Math.max(this.#troubledAtMs, this.#stateSinceMs);
    if (this.state === 'idle' && nowMs - calmSinceMs > MENDING_MS) this.#fail('idle without a cause (promise 4)');
  }

  #checkLink(): void {
    const { clock, config, isReachable } = this.#watched;
    const nowMs = clock.nowMs();
    if (!isReachable()) this.#unfindableAtMs = nowMs;
    if (!isReachable() || this.isUp) this.#unreachableAtMs = nowMs;
    // A refusal that only a person can mend is asked about once a minute, unless somebody waits.
    const waitMs = Math.max(config.link.retry_max_ms, this.#retryInMs) + HANDSHAKE_MS;
    if (nowMs - this.#unreachableAtMs > waitMs) this.#fail(`the server was not found within ${waitMs} ms (promise 5)`);
  }

  /** Remembered and not thrown: the program must not get hold of it. */
  #fail(what: string): void {
    this.#broken ??= new Broken(`${what}; at ${Math.round(this.#watched.clock.nowMs())} ms, in ${this.state}`);
  }
}
