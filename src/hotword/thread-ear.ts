import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import { HotwordConfigError, HotwordError, messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { SPEECH_FORMAT } from '../pcm/format.js';
import { LEAN_THREAD } from '../pcm/node-child.js';
import { NO_TAP, type SpeakerTap } from '../speaker/tapped-speaker.js';
import type { Ear } from './ear.js';
import type { PhraseScore, Situation } from './engine.js';
import type { EngineHistory } from './engine-source.js';
import type { FromHearing, HearingSetup, ToHearing } from './hearing-messages.js';
import type { HotwordHit } from './listener.js';

/** Options of `startThreadEar`. */
export interface ThreadEarOptions extends Omit<HearingSetup, 'heardSamples'> {
  /** A phrase was heard, and not from a reply. */
  onDetection: (hit: HotwordHit) => void;
  /** Keeps what the next thread is given as its `history`. */
  onHistory: (history: EngineHistory) => void;
  /** The thread crashed, hangs, or the engine cannot go on: called once, and the ear hears no more. */
  onFailure: (error: HotwordError) => void;
  clock: Clock;
  log: Log;
  /** The program of the thread. @default hearing-thread.js */
  thread?: URL;
}

/** A thread that hears nothing for so long, while as much more sound comes, hangs. Sound alone may come all at once. */
const STUCK_MS = 5000;
const STUCK_SAMPLES = (STUCK_MS * SPEECH_FORMAT.rateHz) / 1000;
/**
 * So much sound unheard is a machine that cannot keep up: 30 seconds, 1 MB. One that was only held up, by a busy disk
 * say, works off its backlog sooner than a new engine is made, also where an engine takes a third of a core.
 */
const BEHIND_SAMPLES = 30 * SPEECH_FORMAT.rateHz;
/** Nobody waits so long for an answer: what is heard with more sound behind it, in milliseconds, is not told. */
export const LATE_MS = 5000;
const LATE_SAMPLES = (LATE_MS * SPEECH_FORMAT.rateHz) / 1000;
/** For giving memory back; a thread that takes longer is ended. */
const CLOSE_MS = 500;

/**
 * Starts an engine in a thread of its own, so that nothing in this one ever waits for it. Resolves when it can listen, or with
 * undefined when the signal aborts before. Throws HotwordError, with the remedy, when the engine cannot be had.
 */
export function startThreadEar(options: ThreadEarOptions, signal: AbortSignal): Promise<ThreadEar | undefined> {
  const {
    settings,
    refractoryMs,
    isGuarded,
    history,
    thread = new URL('hearing-thread.js', import.meta.url),
  } = options;
  const heardSamples = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const workerData: HearingSetup = { settings, refractoryMs, isGuarded, history, heardSamples };
  const worker = new Worker(thread, { workerData, name: 'hotword', resourceLimits: LEAN_THREAD });
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      signal.removeEventListener('abort', onAbort);
      worker.off('error', onError).off('exit', onExit).off('message', onMessage);
      outcome();
    };
    const refuse = (error: HotwordError) =>
      settle(() => {
        void worker.terminate();
        reject(error);
      });
    const fail = (why: string, cause?: unknown) =>
      refuse(new HotwordError(`the hotword engine does not start: ${why}`, { cause }));
    const onError = (error: unknown) => fail(messageOf(error), error);
    const onExit = (code: number) => fail(`its thread ended with code ${code}`);
    const onAbort = () => settle(() => void worker.terminate().then(() => resolve(undefined)));
    const onMessage = (message: FromHearing) => {
      if (message.type === 'log') options.log[message.level](message.fields, message.text);
      else if (message.type === 'history') options.onHistory(message.history);
      else if (message.type === 'refused')
        refuse(message.isConfiguration ? new HotwordConfigError(message.why) : new HotwordError(message.why));
      else if (message.type === 'ready') {
        keepLoaded(message.addons);
        settle(() => resolve(new ThreadEar(options, worker, message, heardSamples)));
      }
    };
    worker.on('error', onError).on('exit', onExit).on('message', onMessage);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

/**
 * Loads the thread's native libraries here as well. Some tell Node of themselves only when they are loaded for the
 * first time, and could not be loaded again after the last thread that had them is gone.
 */
function keepLoaded(addons: readonly string[]): void {
  for (const path of addons) process.dlopen({ exports: {} }, path);
}

type Ready = Extract<FromHearing, { type: 'ready' }>;

/** An engine in a thread of its own. */
export class ThreadEar implements Ear {
  /** The engine's name as in `hotword.engine`. */
  readonly engine: string;
  readonly phrases: readonly string[];
  /** Hears the replies on their way to the loudspeaker. */
  readonly tap: SpeakerTap;
  readonly #options: ThreadEarOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #heardSamples: Int32Array;
  readonly #thresholds: Map<string, number> | undefined;
  #fedSamples = 0;
  /** How much was heard when that last changed or all was heard, how much had been fed by then, and when that was. */
  #progress = { heard: 0, fed: 0, atMs: 0 };
  #epoch = 0;
  #situation: Situation = 'listening';
  #scoreWatcher: ((score: PhraseScore) => void) | undefined;
  #isOver = false;

  /** Use `startThreadEar`. */
  constructor(options: ThreadEarOptions, worker: Worker, ready: Ready, heardSamples: SharedArrayBuffer) {
    this.#options = options;
    this.#worker = worker;
    this.engine = ready.engine;
    this.phrases = ready.phrases;
    this.#thresholds = ready.thresholds && new Map(ready.thresholds);
    this.#heardSamples = new Int32Array(heardSamples);
    this.tap = options.isGuarded ? this.#guardTap() : NO_TAP;
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#fail(`its thread ended with code ${code}`);
        resolve();
      });
    });
    worker.on('error', (error) => this.#fail(messageOf(error), error));
    worker.on('message', (message: FromHearing) => this.#hear(message));
  }

  /** The threshold of each phrase; undefined where the engine has none. */
  get thresholds(): ReadonlyMap<string, number> | undefined {
    return this.#thresholds;
  }

  /** Samples that were fed and have not been heard yet; 0 when the engine keeps up. */
  get waitingSamples(): number {
    return (this.#fedSamples - Atomics.load(this.#heardSamples, 0)) | 0;
  }

  /**
   * Another threshold, above 0 and at most 1 on the engine's own scale, until the program ends. Throws HotwordError for another
   * value, an unknown phrase, and an engine without thresholds.
   */
  setThreshold(phrase: string, threshold: number): void {
    if (!this.#thresholds)
      throw new HotwordError(`the hotword engine ${this.engine} has no threshold that could be set`);
    if (!this.#thresholds.has(phrase)) {
      throw new HotwordError(
        `nobody listens for ${JSON.stringify(phrase)}; the phrases are ${this.phrases.join(', ')}`,
      );
    }
    if (!(threshold > 0 && threshold <= 1)) {
      throw new HotwordError(`a threshold of ${threshold} for ${JSON.stringify(phrase)}: it is above 0 and at most 1`);
    }
    this.#thresholds.set(phrase, threshold);
    this.#send({ type: 'threshold', phrase, threshold });
  }

  /** Calls `watcher` with each new score, or no more; nothing is sent between the threads while nobody watches. */
  watchScores(watcher: ((score: PhraseScore) => void) | undefined): void {
    this.#scoreWatcher = watcher;
    this.#send({ type: 'scores', isOn: watcher !== undefined });
  }

  feed(samples: Int16Array): void {
    if (this.#isOver) return;
    this.#noteProgress();
    this.#fedSamples = (this.#fedSamples + samples.length) | 0;
    const copy = samples.slice();
    this.#send({ type: 'samples', samples: copy }, [copy.buffer]);
    this.#watchProgress();
  }

  reset(position?: number): void {
    this.#epoch += 1;
    this.#send({ type: 'reset', epoch: this.#epoch, position });
  }

  rest(): void {
    this.#epoch += 1;
  }

  during(situation: Situation): void {
    if (situation === this.#situation) return;
    this.#situation = situation;
    this.#send({ type: 'during', situation });
  }

  /** Ends the thread. Resolves when it is gone, after one second at the latest. May be called twice. */
  async close(): Promise<void> {
    this.#send({ type: 'close' });
    this.#isOver = true;
    if (await this.#isGone()) return;
    void this.#worker.terminate();
    if (!(await this.#isGone())) this.#options.log.error('the hotword engine hangs and cannot be ended');
  }

  #noteProgress(): void {
    const heard = Atomics.load(this.#heardSamples, 0);
    if (this.waitingSamples > 0 && heard === this.#progress.heard) return;
    this.#progress = { heard, fed: this.#fedSamples, atMs: this.#options.clock.nowMs() };
  }

  #watchProgress(): void {
    const waiting = this.waitingSamples;
    const { heard, fed, atMs } = this.#progress;
    const isStuck =
      heard === Atomics.load(this.#heardSamples, 0) &&
      ((this.#fedSamples - fed) | 0) > STUCK_SAMPLES &&
      this.#options.clock.nowMs() - atMs >= STUCK_MS;
    if (!isStuck && waiting <= BEHIND_SAMPLES) return;
    const seconds = (waiting / SPEECH_FORMAT.rateHz).toFixed(1);
    const why = isStuck ? 'it hangs' : 'this machine is too slow for it';
    this.#fail(`${why}: ${seconds} s of sound are waiting`);
  }

  #guardTap(): SpeakerTap {
    return {
      opened: (format) => this.#send({ type: 'reply.opened', format }),
      written: (pcm) => {
        const copy = new Uint8Array(pcm);
        this.#send({ type: 'reply.written', pcm: copy }, [copy.buffer]);
      },
      ended: () => this.#send({ type: 'reply.ended' }),
    };
  }

  #isGone(): Promise<boolean> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => resolve(false), CLOSE_MS);
      void this.#exited.then(() => {
        clock.clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #send(message: ToHearing, transfer: ArrayBuffer[] = []): void {
    if (!this.#isOver) this.#worker.postMessage(message, transfer);
  }

  #hear(message: FromHearing): void {
    if (this.#isOver) return;
    switch (message.type) {
      case 'hit':
        this.#judge(message);
        break;
      case 'score':
        this.#scoreWatcher?.(message.score);
        break;
      case 'failed':
        this.#fail(message.why);
        break;
      case 'history':
        this.#options.onHistory(message.history);
        break;
      case 'log':
        this.#options.log[message.level](message.fields, message.text);
        break;
      case 'ready':
      case 'refused':
        break;
    }
  }

  #judge({ hit, epoch, isEcho }: Extract<FromHearing, { type: 'hit' }>): void {
    if (epoch !== this.#epoch) return;
    const { phrase } = hit;
    if (isEcho) this.#options.log.debug({ phrase }, 'the reply said it, not a person');
    else if (this.waitingSamples > LATE_SAMPLES) this.#options.log.warn({ phrase }, 'heard too late to be answered');
    else this.#options.onDetection(hit);
  }

  #fail(why: string, cause?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    void this.#worker.terminate();
    this.#options.onFailure(new HotwordError(`the hotword engine ${this.engine} failed: ${why}`, { cause }));
  }
}
