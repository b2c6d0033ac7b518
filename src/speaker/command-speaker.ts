import type { Clock } from '../clock.js';
import { AudioError } from '../errors.js';
import type { Log } from '../log.js';
import { type ChildExit, type ChildSpec, childError, PcmChild } from '../pcm/child.js';
import { type PcmFormat, SPEECH_FORMAT } from '../pcm/format.js';
import { withHolders } from '../pcm/holders.js';
import { soundTrace } from '../pcm/sound-trace.js';
import { type LifeEnd, supervise } from '../pcm/supervisor.js';
import type { Playback, Speaker, SpeakerListener } from './speaker.js';

/** A player program: raw PCM on its standard input; it plays to the end and exits with 0. */
export interface PlayerBackend {
  /** The name as in `speaker.backend`. */
  readonly name: string;
  /** The child for one stretch of sound. */
  spec(settings: { device: string }, format: PcmFormat): ChildSpec;
}

/** Options of `CommandSpeaker`. */
export interface CommandSpeakerOptions {
  backend: PlayerBackend;
  device: string;
  clock: Clock;
  log: Log;
}

const PROBE_LIMIT_MS = 5000; // a device that does not open within this time is taken for missing

/**
 * A speaker made of a player program, one child for each stretch of sound: its exit is the word that the last sample
 * has been played, and ending it is silence.
 */
export class CommandSpeaker implements Speaker {
  readonly backend: string;
  readonly #options: CommandSpeakerOptions;
  #isReady = false;
  #playback: CommandPlayback | undefined;
  #reportLoss: ((why: string) => void) | undefined;

  constructor(options: CommandSpeakerOptions) {
    this.#options = options;
    this.backend = options.backend.name;
  }

  async run(listener: SpeakerListener, signal: AbortSignal): Promise<void> {
    await supervise({
      life: (abort) => this.#live(listener, abort),
      onLost: ({ why }) => listener.lost({ why: withHolders(why, this.#options.device, 'p') }),
      signal,
      clock: this.#options.clock,
      look: () => soundTrace('p', this.#options.device),
    });
    await this.#playback?.clear();
  }

  open(format: PcmFormat): Playback {
    if (!this.#isReady) throw new AudioError(`${this.backend}: no loudspeaker just now`, { retryable: true });
    const { backend, device, log } = this.#options;
    const start = () => new PcmChild(backend.spec({ device }, format), log);
    const before = this.#playback?.clear() ?? Promise.resolve();
    const playback = new CommandPlayback(start, before, (why) => this.#reportLoss?.(why));
    this.#playback = playback;
    return playback;
  }

  async #live(listener: SpeakerListener, signal: AbortSignal): Promise<LifeEnd> {
    const exit = await this.#probe(signal);
    if (exit.code !== 0 || signal.aborted) return { why: exit.why, workedMs: undefined };
    const { clock } = this.#options;
    const readyAtMs = clock.nowMs();
    let stop: () => void = () => undefined;
    const why = await new Promise<string>((resolve) => {
      this.#reportLoss = resolve;
      stop = () => resolve('stopped');
      signal.addEventListener('abort', stop);
      this.#isReady = true;
      listener.ready({ device: this.#options.device || 'default' });
    });
    signal.removeEventListener('abort', stop);
    this.#isReady = false;
    this.#reportLoss = undefined;
    return { why, workedMs: clock.nowMs() - readyAtMs };
  }

  /** Plays nothing: the device is opened and closed, which is all one can ask without making a sound. */
  async #probe(signal: AbortSignal): Promise<ChildExit> {
    const { backend, device, clock, log } = this.#options;
    const child = new PcmChild(backend.spec({ device }, SPEECH_FORMAT), log);
    const end = () => void child.kill();
    const timer = clock.setTimeout(end, PROBE_LIMIT_MS);
    signal.addEventListener('abort', end);
    child.input.end();
    const exit = await child.exited;
    clock.clearTimeout(timer);
    signal.removeEventListener('abort', end);
    return exit;
  }
}

class CommandPlayback implements Playback {
  readonly #started: Promise<PcmChild | undefined>;
  readonly #reportLoss: (why: string) => void;
  readonly #early: Uint8Array[] = [];
  #child: PcmChild | undefined;
  #isEnded = false;
  #wasCleared = false;

  /** `before` is the playback that still holds the device; many devices can be opened only once. */
  constructor(start: () => PcmChild, before: Promise<void>, reportLoss: (why: string) => void) {
    this.#reportLoss = reportLoss;
    this.#started = before.then(() => this.#begin(start));
  }

  write(pcm: Uint8Array): boolean {
    if (this.#wasCleared) return true;
    if (this.#child) return this.#child.input.write(pcm);
    this.#early.push(pcm);
    return true;
  }

  async writable(): Promise<void> {
    const child = await this.#started;
    await child?.writable();
  }

  async drain(): Promise<void> {
    const child = await this.#started;
    if (!child) return;
    this.#isEnded ||= !child.isGone;
    child.input.end();
    const exit = await child.exited;
    if (this.#isFailure(exit)) throw childError(exit);
  }

  async clear(): Promise<void> {
    this.#wasCleared = true;
    const child = await this.#started;
    await child?.kill();
  }

  #begin(start: () => PcmChild): PcmChild | undefined {
    if (this.#wasCleared) return undefined;
    const child = start();
    for (const pcm of this.#early.splice(0)) child.input.write(pcm);
    this.#child = child;
    void child.exited.then((exit) => {
      if (this.#isFailure(exit)) this.#reportLoss(exit.why);
    });
    return child;
  }

  /** Some players exit with 0 where somebody else ends them, which is no word that they have played everything. */
  #isFailure({ code }: ChildExit): boolean {
    return !this.#wasCleared && (code !== 0 || !this.#isEnded);
  }
}
