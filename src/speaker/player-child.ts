import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import { AudioError } from '../errors.js';
import type { ChildExit, PcmChild } from '../pcm/child.js';
import type { PcmFormat } from '../pcm/format.js';
import { pause } from '../pcm/supervisor.js';
import { Watchdog } from '../pcm/watchdog.js';
import type { PlayerCommand, PlayerReport } from './package-messages.js';
import { PackagePlayback } from './package-playback.js';
import type { Playback } from './speaker.js';

const LOAD_LIMIT_MS = 10_000; // a Pi Zero takes seconds to start Node
/** The child says every second that it lives; closing a device blocks it for half a second, a busy machine for more. */
const STOPPED_LIMIT_MS = 4_000;
const CLEAR_LIMIT_MS = 40; // of the 50 ms within which `clear` promises silence

/** How a player child ended. */
export interface PlayerEnd {
  code: number | null;
  /** True where the package found no device by ALSA's name `default`, without which it does not load. */
  isWithoutDefault: boolean;
  /** For a person. */
  why: string;
}

interface Sound {
  id: number;
  playback: PackagePlayback;
  format: PcmFormat;
}

/** One life of the child, seen from here: counts the bytes given to it and hands its reports to the playback they mean. */
export class PlayerChild {
  /** The child has leaked as much as it may. */
  onWorn: () => void = () => undefined;
  /** The child was slow to be silent and is being ended for it: it needs a successor now. */
  onSlow: () => void = () => undefined;
  /** The child that goes on in place of this one. */
  successor: PlayerChild | undefined;
  /** Resolves when the package is loaded; never where it does not load. */
  readonly loaded: Promise<void>;
  /** Resolves when the child is gone. */
  readonly over: Promise<PlayerEnd>;
  readonly #child: PcmChild;
  readonly #clock: Clock;
  readonly #watchdog: Watchdog;
  #resolveLoaded: () => void = () => undefined;
  #isLoaded = false;
  readonly #onCleared = new Map<number, () => void>();
  #failure = '';
  #writtenBytes = 0;
  #lastId = 0;
  #current: PackagePlayback | undefined;
  #silencing: Promise<void> = Promise.resolve();
  /** A sound that was opened while the one before it was not silent yet. */
  #waiting: Sound | undefined;

  constructor(child: PcmChild, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    this.loaded = new Promise((resolve) => {
      this.#resolveLoaded = resolve;
    });
    this.#watchdog = new Watchdog({
      clock,
      onSilence: () => void this.kill('speaker: the child gives no sign of life'),
    });
    this.#watchdog.feed(LOAD_LIMIT_MS);
    child.onMessage((message) => this.#obey(message as PlayerReport));
    this.over = child.exited.then((exit) => this.#noteGone(exit));
  }

  /** Starts a stretch of sound; the one before it is cleared. */
  open(format: PcmFormat): Playback {
    void this.#current?.clear();
    const playback = new PackagePlayback();
    this.#take(playback, format);
    return playback;
  }

  get isGone(): boolean {
    return this.#child.isGone;
  }

  /** True while nothing plays, and what was cleared is silent. */
  get isIdle(): boolean {
    return (this.#current?.isOver ?? true) && this.#onCleared.size === 0;
  }

  /** Resolves when what plays now is over and silent; a new sound may have begun by then. */
  async untilIdle(): Promise<void> {
    await this.#current?.over;
    await this.#silencing;
  }

  /** Ends the child at once; `why` is what its end is put down to. */
  async kill(why: string): Promise<void> {
    this.#failure ||= why;
    await this.#child.kill();
  }

  #noteGone({ code, signal, why: lastWords }: ChildExit): PlayerEnd {
    this.#watchdog.close();
    const isWithoutDefault = signal === 'SIGABRT' && !this.#isLoaded;
    const why = this.#failure || (isWithoutDefault ? 'ALSA\'s "default" does not open' : lastWords);
    this.#current?.fail(new AudioError(why, { retryable: true }));
    for (const tell of this.#onCleared.values()) tell();
    return { code, isWithoutDefault, why };
  }

  /** Plays it when what sounded before is silent; should this child be slow about that, its successor does. */
  #take(playback: PackagePlayback, format: PcmFormat): void {
    const sound = { id: ++this.#lastId, playback, format };
    this.#current = playback;
    if (this.#onCleared.size === 0) this.#play(sound);
    else this.#waiting = sound;
  }

  #play({ id, playback, format }: Sound): void {
    if (playback.isOver) return;
    const post = (command: PlayerCommand) => this.#child.post(command);
    post({ type: 'open', id, at: this.#writtenBytes, format });
    playback.begin({
      write: (pcm) => {
        this.#writtenBytes += pcm.length;
        return this.#child.input.write(pcm);
      },
      writable: () => this.#child.writable(),
      end: () => post({ type: 'end', id, at: this.#writtenBytes }),
      clear: () => {
        this.#silencing = this.#silence(id);
        return this.#silencing;
      },
    });
  }

  async #silence(id: number): Promise<void> {
    this.#child.post({ type: 'clear', id, at: this.#writtenBytes } satisfies PlayerCommand);
    // One that is not up yet makes no sound, and reads this before it makes any.
    if (!this.#isLoaded) return;
    const cleared = new Promise<'cleared'>((resolve) => {
      this.#onCleared.set(id, () => resolve('cleared'));
    });
    const giveUp = new AbortController();
    // Where this process itself was late, the answer is there, and read before the next turn of the loop is over.
    const late = pause(CLEAR_LIMIT_MS, giveUp.signal, this.#clock).then(nextTurn).then(nextTurn);
    const outcome = await Promise.race([cleared, late]);
    giveUp.abort();
    this.#onCleared.delete(id);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (outcome === 'cleared') {
      if (waiting) this.#play(waiting);
      return;
    }
    this.onSlow();
    if (waiting && this.successor) {
      this.#current = undefined;
      this.successor.#take(waiting.playback, waiting.format);
    }
    await this.kill('slow to be silent');
  }

  #obey(report: PlayerReport): void {
    this.#watchdog.feed(STOPPED_LIMIT_MS);
    switch (report.type) {
      case 'loaded':
        this.#isLoaded = true;
        this.#resolveLoaded();
        break;
      case 'cleared':
        this.#onCleared.get(report.id)?.();
        break;
      case 'drained':
        if (report.id === this.#lastId) this.#current?.finish();
        break;
      case 'failed':
        // A library that lost its device once is not trusted again: a new child starts clean.
        void this.kill(report.why);
        break;
      case 'worn':
        this.onWorn();
        break;
      case 'alive':
        break;
    }
  }
}
