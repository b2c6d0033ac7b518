import type { Clock } from '../clock.js';
import type { Ear } from '../hotword/ear.js';
import type { Situation } from '../hotword/engine.js';
import { SPEECH_FORMAT } from '../pcm/format.js';
import { rmsDb, SILENCE_DB, type SpeechDetector } from '../pcm/level.js';
import type { SampleRing } from '../pcm/ring.js';
import type { MicRoute } from './events.js';

/** Options of `Router`. */
export interface RouterOptions {
  /** The last stretch of sound; must hold the pre-roll and all that may be held for a connection. */
  ring: SampleRing;
  /** Who listens for hotwords; counts samples as the ring does. */
  ear: Ear;
  /** Sound in front of the end of the hotword that goes to the server too, in samples. */
  preRollSamples: number;
  /** What the microphone hears for so long after a reply, in milliseconds, is not for the server: the room dies down. */
  settleMs: number;
  clock: Clock;
  /**
   * Tells speech from noise behind the gate, where speech may interrupt; made anew for each reply, and told how loud the
   * loudest chunk was that came in this reply before it, in dBFS.
   */
  makeDetector: (echoDb: number) => SpeechDetector;
  /** The person began to speak behind the gate, at this position. */
  onInterruption: (startedAt: number) => void;
  /** True when the engine listens in the person's turn too, for a phrase that ends it. @default false */
  hearsInTurn?: boolean;
  /** Takes the microphone audio of the person's turn, in order, none missing and none twice. */
  toServer: (samples: Int16Array) => void;
}

/** Samples of the largest message to the server: 160 ms at 16 kHz, as the devices of the field send. */
const MESSAGE_SAMPLES = 2560;

/** Sent from in front of the moment at which speech was noticed: 200 ms, for its soft beginning. */
const ONSET_SAMPLES = 3200;

/**
 * Leads the microphone's chunks to the engine or to the server. Everything goes through the ring, and what the server
 * gets is read from the ring at a cursor, so that the hand-over from engine to server is exact to the sample.
 */
export class Router {
  readonly #options: RouterOptions;
  #ear: Ear;
  #route: MicRoute['to'] = 'nowhere';
  #isListening = false;
  #cursor = 0;
  /** Where the room has died down after a reply that has just been played. */
  #settledAt: number | undefined;
  #chunkAtMs: number | undefined;
  #echoDb = SILENCE_DB;
  #interruption: { detector: SpeechDetector; origin: number } | undefined;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#ear = options.ear;
  }

  /** Takes one chunk from the microphone. */
  chunk(samples: Int16Array): void {
    this.#options.ring.write(samples);
    this.#chunkAtMs = this.#options.clock.nowMs();
    if (this.#isListening) this.#ear.feed(samples);
    if (this.#interruption) this.#noticeSpeech(this.#interruption, samples);
    else if (this.#route === 'gate') this.#echoDb = Math.max(this.#echoDb, rmsDb(samples));
    // The engine may have found the hotword in this very chunk, and the route may be another one now.
    if (this.#route === 'server') this.#flush();
  }

  /**
   * The last of a reply is heard now. Where the microphone opens next for the server, what was heard until `settleMs` from now is
   * left out and all that follows is sent, however late the order to open comes, and the chunks that are due.
   */
  played(): void {
    const { ring, settleMs, clock } = this.#options;
    const waitingMs = clock.nowMs() - (this.#chunkAtMs ?? clock.nowMs());
    this.#settledAt = ring.end + Math.round(((waitingMs + settleMs) * SPEECH_FORMAT.rateHz) / 1000);
  }

  /** Leads the chunks another way, from the next sample on. */
  turn(route: MicRoute): void {
    const { ring } = this.#options;
    switch (route.to) {
      case 'hold':
        this.#cursor = this.#startOf(route.endedAt);
        break;
      case 'server':
        // A late engine may mean a phrase of before the gate, and what was sent then is not sent again.
        if (route.from !== undefined) this.#cursor = Math.max(route.from, this.#cursor, ring.start);
        else if (this.#route !== 'hold') this.#cursor = this.#settledAt ?? ring.end;
        break;
      default:
        break;
    }
    this.#settledAt = undefined;
    if (route.to !== 'gate') this.#echoDb = SILENCE_DB;
    this.#route = route.to;
    this.#ear.during(this.#situation);
    this.#listen(this.#isHeard(route));
    const isForSpeech = route.to === 'gate' && route.armed === 'speech';
    this.#interruption = isForSpeech
      ? { detector: this.#options.makeDetector(this.#echoDb), origin: ring.end }
      : undefined;
    if (route.to === 'server') this.#flush();
  }

  /** Another ear takes over. */
  hear(ear: Ear): void {
    this.#ear = ear;
    ear.during(this.#situation);
    ear.reset(this.#options.ring.end);
  }

  /** The stream of chunks was interrupted: nothing from before may be taken for what comes next, or be sent. */
  forget(): void {
    this.#options.ring.clear();
    this.#cursor = this.#options.ring.end;
    this.#ear.reset(this.#options.ring.end);
  }

  get #situation(): Situation {
    return this.#route === 'gate' ? 'reply' : 'listening';
  }

  #isHeard(route: MicRoute): boolean {
    if (route.to === 'server') return this.#options.hearsInTurn === true;
    return route.to === 'engine' || (route.to === 'gate' && route.armed !== 'off');
  }

  #startOf(endedAt: number | undefined): number {
    const { ring, preRollSamples } = this.#options;
    // Without a hotword nothing from before is the server's business.
    return endedAt === undefined ? ring.end : Math.max(ring.start, endedAt - preRollSamples);
  }

  #listen(isListening: boolean): void {
    if (isListening && !this.#isListening) this.#ear.reset(this.#options.ring.end);
    else if (!isListening && this.#isListening) this.#ear.rest();
    this.#isListening = isListening;
  }

  #noticeSpeech({ detector, origin }: { detector: SpeechDetector; origin: number }, samples: Int16Array): void {
    const { isSpeaking, hasChanged } = detector.feed(samples);
    if (isSpeaking && hasChanged) this.#options.onInterruption(origin + detector.speechStart - ONSET_SAMPLES);
  }

  #flush(): void {
    const { ring, toServer } = this.#options;
    const { samples } = ring.readFrom(this.#cursor);
    this.#cursor = Math.max(this.#cursor, ring.end);
    for (let at = 0; at < samples.length; at += MESSAGE_SAMPLES) toServer(samples.subarray(at, at + MESSAGE_SAMPLES));
  }
}
