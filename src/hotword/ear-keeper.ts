import type { Clock } from '../clock.js';
import { HotwordError, messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { pause } from '../pcm/supervisor.js';
import type { SpeakerTap } from '../speaker/tapped-speaker.js';
import { type AppEar, DEAF_EAR } from './deaf-ear.js';
import type { PhraseScore } from './engine.js';
import { type EngineHistory, NEW_HISTORY } from './engine-source.js';
import type { ThreadEarOptions } from './thread-ear.js';

/** Whom an ear tells what it hears, and that it is lost. */
export type EarListener = Pick<ThreadEarOptions, 'onDetection' | 'onFailure'>;

/** Whom an ear is made for: a listener, and what became of earlier engines. */
export type EarOwner = EarListener & Pick<ThreadEarOptions, 'history' | 'onHistory'>;

/** An ear that goes on with another keeper. */
export interface EarHeirloom {
  ear: AppEar;
  post: Post;
  /** The engine that could not be made again so far, where the ear stands in for it and hears nothing. */
  missing: Missing | undefined;
}

interface Missing {
  engine: string;
}

/** Where an ear's words go: to the keeper that has it at present. */
interface Post {
  listener: EarListener;
  history: EngineHistory;
  /** The ear has failed, and there is no other one yet. */
  isLost: boolean;
}

/** Options of `EarKeeper`. */
export interface EarKeeperOptions {
  /** Makes an ear, or answers undefined when the signal aborts before it is there. Rejects with HotwordError. */
  make: (owner: EarOwner, signal: AbortSignal) => Promise<AppEar | undefined>;
  onDetection: EarListener['onDetection'];
  /** The ear is gone; the keeper makes another one by itself. */
  onLost: (why: string) => void;
  /** An ear has taken the place of one that was lost. It may be one that hears nothing, until there is a better one. */
  onMended: (ear: AppEar) => void;
  /** What another keeper has bequeathed. */
  heirloom?: EarHeirloom | undefined;
  clock: Clock;
  log: Log;
}

/** Before a failed engine is made again. */
const ENGINE_PAUSE_MS = 2000;
/** Between further attempts; what is missing may come back, such as room on a disk. */
const ENGINE_RETRY_MS = 60_000;

const nothing = () => undefined;

/** Keeps an ear for the device: makes it, and another one when it has failed, with the same thresholds. */
export class EarKeeper {
  /** Hears the replies through the ear that there is at present. */
  readonly tap: SpeakerTap = {
    opened: (format) => this.#ear?.tap.opened(format),
    written: (pcm) => this.#ear?.tap.written(pcm),
    ended: () => this.#ear?.tap.ended(),
  };
  readonly #options: EarKeeperOptions;
  readonly #post: Post;
  /** Thresholds that were set while the program runs, for the ear that follows a lost one. */
  readonly #setThresholds = new Map<string, number>();
  #ear: AppEar | undefined;
  #missing: Missing | undefined;
  #onScore: ((score: PhraseScore) => void) | undefined;

  constructor(options: EarKeeperOptions) {
    this.#options = options;
    this.#ear = options.heirloom?.ear;
    this.#missing = options.heirloom?.missing;
    this.#post = options.heirloom?.post ?? {
      listener: { onDetection: nothing, onFailure: nothing },
      history: NEW_HISTORY,
      isLost: false,
    };
    // Until this one is opened, a failure is only noted.
    this.#post.listener = { onDetection: options.onDetection, onFailure: nothing };
  }

  /** The ear that there is at present. */
  get ear(): AppEar | undefined {
    return this.#ear;
  }

  /**
   * Resolves with the inherited ear or a new one, or with undefined when the signal, which ends the mending too, aborts
   * before. Rejects with HotwordError for what only a person can mend.
   */
  async open(signal: AbortSignal): Promise<AppEar | undefined> {
    // One that failed while it passed from keeper to keeper is of no use to this one.
    if (this.#post.isLost) await this.#ear?.close();
    const ear = this.#ear && !this.#post.isLost ? this.#ear : await this.#make(signal);
    if (!ear) return undefined;
    this.#post.listener = { ...this.#post.listener, onFailure: (error) => void this.#mend(error, signal) };
    this.#listenWith(ear);
    if (this.#missing) void this.#tryAgain(this.#missing, signal);
    return ear;
  }

  /** Who is told how near what is said comes to a phrase, now and of later ears. */
  watchScores(onScore: ((score: PhraseScore) => void) | undefined): void {
    this.#onScore = onScore;
    this.#ear?.watchScores(onScore);
  }

  /** Another threshold, above 0 and at most 1, also for the ears that follow. Throws HotwordError for what cannot be set. */
  setThreshold(phrase: string, threshold: number): void {
    if (!this.#ear) throw new HotwordError('the hotword engine is not ready yet; try again in a second');
    this.#ear.setThreshold(phrase, threshold);
    this.#setThresholds.set(phrase, threshold);
  }

  /** Lets go of the ear for the next keeper; undefined where there is none. */
  bequeath(): EarHeirloom | undefined {
    const ear = this.#ear;
    this.#ear = undefined;
    return ear && { ear, post: this.#post, missing: this.#missing };
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await this.#ear?.close();
  }

  async #make(signal: AbortSignal): Promise<AppEar | undefined> {
    const post = this.#post;
    const ear = await this.#options.make(
      {
        onDetection: (hit) => post.listener.onDetection(hit),
        onFailure: (error) => {
          post.isLost = true;
          post.listener.onFailure(error);
        },
        history: post.history,
        onHistory: (history) => {
          post.history = history;
        },
      },
      signal,
    );
    if (!signal.aborted) return ear;
    await ear?.close();
    return undefined;
  }

  #listenWith(ear: AppEar): void {
    this.#ear = ear;
    this.#post.isLost = false;
    ear.watchScores(this.#onScore);
  }

  /** A new ear for one that failed; until there is one, keys still work. */
  async #mend(error: HotwordError, signal: AbortSignal): Promise<void> {
    const { clock, log, onLost } = this.#options;
    log.error({ why: error.message }, 'the hotword engine failed; a new one is made');
    onLost(error.message);
    const lost = { engine: this.#ear?.engine ?? '' };
    await this.#ear?.close();
    await pause(ENGINE_PAUSE_MS, signal, clock);
    if (signal.aborted) return;
    const ear = await this.#make(signal).catch((failure: unknown) => {
      log.error({ why: messageOf(failure) }, 'there is no hotword engine for now; the key starts a conversation');
      this.#missing = lost;
      return DEAF_EAR;
    });
    if (ear) this.#goOnWith(ear, lost);
    if (this.#missing) await this.#tryAgain(this.#missing, signal);
  }

  async #tryAgain(missing: Missing, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (this.#missing) {
      await pause(ENGINE_RETRY_MS, signal, clock);
      if (signal.aborted) return;
      const ear = await this.#make(signal).catch((failure: unknown) => {
        log.debug({ why: messageOf(failure) }, 'there is still no hotword engine');
        return undefined;
      });
      if (!ear) continue;
      this.#missing = undefined;
      this.#goOnWith(ear, missing);
    }
  }

  /** Goes on with a new ear after one that was lost. */
  #goOnWith(ear: AppEar, lost: Missing): void {
    this.#listenWith(ear);
    // Another engine's thresholds are on another scale.
    if (ear.engine === lost.engine) {
      for (const [phrase, value] of this.#setThresholds) ear.setThreshold(phrase, value);
    } else if (ear !== DEAF_EAR) this.#setThresholds.clear();
    this.#options.onMended(ear);
  }
}
