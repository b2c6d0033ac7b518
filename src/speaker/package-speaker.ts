import { fileURLToPath } from 'node:url';
import type { Clock } from '../clock.js';
import { AudioError } from '../errors.js';
import type { Log } from '../log.js';
import { type ChildSpec, EXIT_UNAVAILABLE, PcmChild } from '../pcm/child.js';
import type { PcmFormat } from '../pcm/format.js';
import { type LifeEnd, pause, supervise } from '../pcm/supervisor.js';
import type { PlayerCommand, PlayerReport } from './package-messages.js';
import type { Playback, Speaker, SpeakerListener } from './speaker.js';

/** Options of `PackageSpeaker`. */
export interface PackageSpeakerOptions {
  /** ALSA's name of the device; empty for the default. */
  device: string;
  clock: Clock;
  log: Log;
  /** Called once when the package cannot be loaded on this machine; nothing more is tried. */
  onUnavailable?: (why: string) => void;
}

/** Why a child ended that was ended here because it was slow to be silent: nothing is wrong with the device. */
const REPLACED = 'replaced';
const LOAD_LIMIT_MS = 10_000; // a Pi Zero takes seconds to start Node
const CLEAR_LIMIT_MS = 40; // of the 50 ms within which `clear` promises silence

/** The `speaker` package in a Node child: its native code aborts, blocks and leaks there, not here. */
export class PackageSpeaker implements Speaker {
  readonly backend = 'speaker';
  readonly #options: PackageSpeakerOptions;
  #child: PlayerChild | undefined;
  #isUnavailable = false;

  constructor(options: PackageSpeakerOptions) {
    this.#options = options;
  }

  async run(listener: SpeakerListener, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const untilUnavailable = AbortSignal.any([signal, stop.signal]);
    await supervise({
      life: async (abort) => {
        const end = await this.#live(listener, abort);
        if (this.#isUnavailable) stop.abort();
        return end;
      },
      onLost: ({ why }) => {
        if (why !== REPLACED) listener.lost({ why });
      },
      signal: untilUnavailable,
      clock: this.#options.clock,
    });
  }

  open(format: PcmFormat): Playback {
    if (!this.#child) throw new AudioError('speaker: no loudspeaker just now', { retryable: true });
    return this.#child.open(format);
  }

  async #live(listener: SpeakerListener, signal: AbortSignal): Promise<LifeEnd> {
    const { device, clock, log, onUnavailable } = this.#options;
    const child = new PcmChild(childSpec(device), log);
    const player = new PlayerChild(child, clock);
    const end = () => void child.kill();
    const timer = clock.setTimeout(end, LOAD_LIMIT_MS);
    signal.addEventListener('abort', end);
    let wasReady = false;
    player.onLoaded = () => {
      wasReady = true;
      clock.clearTimeout(timer);
      this.#child = player;
      listener.ready({ device: device || 'default' });
    };
    const exit = await child.exited;
    this.#child = undefined;
    clock.clearTimeout(timer);
    signal.removeEventListener('abort', end);
    player.noteGone(exit.why);
    if (exit.code === EXIT_UNAVAILABLE) {
      this.#isUnavailable = true;
      onUnavailable?.(exit.why);
    }
    return { why: player.failure || exit.why, wasReady };
  }
}

function childSpec(device: string): ChildSpec {
  return {
    name: 'speaker',
    command: process.execPath,
    args: [fileURLToPath(new URL('./package-child.js', import.meta.url)), device],
    pcm: 'stdin',
    messages: true,
    remedy: 'reinstall Node.js',
  };
}

/** One life of the child, seen from here: counts the bytes given to it and hands its reports to the playback they mean. */
class PlayerChild {
  onLoaded: () => void = () => undefined;
  /** What the child reported before it was ended for it; empty otherwise. */
  failure = '';
  readonly #child: PcmChild;
  readonly #clock: Clock;
  #writtenBytes = 0;
  #lastId = 0;
  #current: PackagePlayback | undefined;

  constructor(child: PcmChild, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    child.onMessage((message) => this.#obey(message as PlayerReport));
  }

  open(format: PcmFormat): Playback {
    void this.#current?.clear();
    const id = ++this.#lastId;
    const post = (command: PlayerCommand) => this.#child.post(command);
    post({ type: 'open', id, at: this.#writtenBytes, format });
    const playback = new PackagePlayback({
      write: (pcm) => {
        this.#writtenBytes += pcm.length;
        return this.#child.input.write(pcm);
      },
      writable: () => this.#writable(),
      end: () => post({ type: 'end', id, at: this.#writtenBytes }),
      clear: () => this.#silence(id),
    });
    this.#current = playback;
    return playback;
  }

  /** The child is gone: whoever waits for it is told. */
  noteGone(why: string): void {
    this.#current?.fail(new AudioError(this.failure || why, { retryable: true }));
    this.#onCleared?.();
  }

  #onCleared: (() => void) | undefined;

  async #silence(id: number): Promise<void> {
    const cleared = new Promise<'cleared'>((resolve) => {
      this.#onCleared = () => resolve('cleared');
    });
    this.#child.post({ type: 'clear', id, at: this.#writtenBytes } satisfies PlayerCommand);
    const giveUp = new AbortController();
    const outcome = await Promise.race([cleared, pause(CLEAR_LIMIT_MS, giveUp.signal, this.#clock)]);
    giveUp.abort();
    if (outcome === 'cleared') return;
    this.failure = REPLACED;
    await this.#child.kill();
  }

  #writable(): Promise<void> {
    const { input } = this.#child;
    if (!input.writableNeedDrain) return Promise.resolve();
    const drained = new Promise<void>((resolve) => input.once('drain', resolve));
    return Promise.race([drained, this.#child.exited.then(() => undefined)]);
  }

  #obey(report: PlayerReport): void {
    switch (report.type) {
      case 'loaded':
        this.onLoaded();
        break;
      case 'cleared':
        this.#onCleared?.();
        break;
      case 'drained':
        if (report.id === this.#lastId) this.#current?.finish();
        break;
      case 'failed':
        // A library that lost its device once is not trusted again: a new child starts clean.
        this.failure = report.why;
        void this.#child.kill();
        break;
    }
  }
}

/** What a playback may ask of the child. */
interface PlaybackPort {
  write(pcm: Uint8Array): boolean;
  writable(): Promise<void>;
  end(): void;
  clear(): Promise<void>;
}

class PackagePlayback implements Playback {
  readonly #port: PlaybackPort;
  readonly #over: Promise<AudioError | undefined>;
  #resolveOver: (error: AudioError | undefined) => void = () => undefined;
  #isOver = false;

  constructor(port: PlaybackPort) {
    this.#port = port;
    this.#over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
  }

  write(pcm: Uint8Array): boolean {
    return this.#isOver || this.#port.write(pcm);
  }

  writable(): Promise<void> {
    return this.#isOver ? Promise.resolve() : this.#port.writable();
  }

  async drain(): Promise<void> {
    if (!this.#isOver) this.#port.end();
    const error = await this.#over;
    if (error) throw error;
  }

  async clear(): Promise<void> {
    if (this.#isOver) return;
    this.finish();
    await this.#port.clear();
  }

  finish(): void {
    this.#isOver = true;
    this.#resolveOver(undefined);
  }

  fail(error: AudioError): void {
    this.#isOver = true;
    this.#resolveOver(error);
  }
}
