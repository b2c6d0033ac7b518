import { fileURLToPath } from 'node:url';
import type { Clock } from '../clock.js';
import { AudioError } from '../errors.js';
import type { Log } from '../log.js';
import { type ChildSpec, EXIT_UNAVAILABLE, PcmChild } from '../pcm/child.js';
import type { PcmFormat } from '../pcm/format.js';
import { withHolders } from '../pcm/holders.js';
import { LEAN_NODE } from '../pcm/node-child.js';
import { soundTrace } from '../pcm/sound-trace.js';
import { type LifeEnd, pause, supervise } from '../pcm/supervisor.js';
import { PlayerChild, type PlayerEnd } from './player-child.js';
import type { Playback, Speaker, SpeakerListener } from './speaker.js';
import { withoutDefault } from './without-default.js';

/** Options of `PackageSpeaker`. */
export interface PackageSpeakerOptions {
  /** ALSA's name of the device; empty for the default. */
  device: string;
  clock: Clock;
  log: Log;
  /**
   * Called once when the package cannot be loaded on this machine, or not without ALSA's `default` while another device
   * is wanted; nothing more is tried.
   */
  onUnavailable?: (why: string) => void;
  /** A child is replaced, between two sounds, after so many writes. @default 25000, which leak 13 MB */
  writesALife?: number;
}

/** So often in a row, in about 3 s, the package is refused a `default` that it had before: then others play the device. */
const REFUSALS = 4;
/** A worn child whose successor did not load has another one after this time; what is opened while that does not load is lost. */
const RETRY_MS = 300_000;
const WRITES_A_LIFE = 25_000; // each leaks 0.5 KB in the package; 8 minutes of speech

/**
 * The `speaker` package in a Node child: its native code aborts, blocks and leaks there, not here. A child that has
 * leaked enough, or was slow to be silent, is replaced by another; as nothing is wrong with the device, nobody is told.
 */
export class PackageSpeaker implements Speaker {
  readonly backend = 'speaker';
  readonly #options: PackageSpeakerOptions;
  readonly #children = new Set<PlayerChild>();
  #current: PlayerChild | undefined;
  /** Replaces a worn child by the one that is loaded for it. */
  #replace: (() => void) | undefined;
  #isUnavailable = false;
  #wasLoaded = false;
  /** Lives in a row that ended for want of a `default`. */
  #refusals = 0;

  constructor(options: PackageSpeakerOptions) {
    this.#options = options;
  }

  async run(listener: SpeakerListener, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    await supervise({
      life: async (abort) => {
        const end = await this.#live(listener, abort);
        if (this.#isUnavailable) stop.abort();
        return end;
      },
      onLost: ({ why }) => listener.lost({ why }),
      signal: AbortSignal.any([signal, stop.signal]),
      clock: this.#options.clock,
      look: () => soundTrace('p', this.#options.device),
    });
    await Promise.all([...this.#children].map((child) => child.kill('stopped')));
  }

  open(format: PcmFormat): Playback {
    // Where one sound follows the other at once, there is no other moment between them.
    if (this.#current?.isIdle) this.#replace?.();
    if (!this.#current) throw new AudioError('speaker: no loudspeaker just now', { retryable: true });
    return this.#current.open(format);
  }

  /** From the first child until one ends that was not replaced. */
  async #live(listener: SpeakerListener, signal: AbortSignal): Promise<LifeEnd> {
    const { clock } = this.#options;
    let readyAtMs: number | undefined;
    const young = this.#launch(signal);
    void young.loaded.then(() => {
      readyAtMs = clock.nowMs();
      this.#wasLoaded = true;
      this.#refusals = 0;
      this.#current = young;
      listener.ready({ device: this.#options.device || 'default' });
    });
    let player = young;
    for (;;) {
      const end = await player.over;
      if (this.#current === player) this.#current = undefined;
      const { successor } = player;
      if (successor) {
        // Or the first of them would hold all that ever follow.
        player.successor = undefined;
        player = successor;
        continue;
      }
      const why = this.#reasonOf(end);
      const { onUnavailable } = this.#options;
      // Where nobody takes over, it is a loss as any other.
      if (onUnavailable && (end.code === EXIT_UNAVAILABLE || this.#isBetterPlayedByOthers(end))) {
        this.#isUnavailable = true;
        onUnavailable(why);
      }
      return { why, workedMs: readyAtMs === undefined ? undefined : clock.nowMs() - readyAtMs };
    }
  }

  #reasonOf({ why, isWithoutDefault }: PlayerEnd): string {
    return isWithoutDefault ? withoutDefault(this.#wasLoaded) : withHolders(why, this.#options.device, 'p');
  }

  /** A `default` that was never there does not come back; one that was may be held for a moment. */
  #isBetterPlayedByOthers({ isWithoutDefault }: PlayerEnd): boolean {
    if (!isWithoutDefault) return false;
    this.#refusals += 1;
    return this.#options.device !== '' && (!this.#wasLoaded || this.#refusals >= REFUSALS);
  }

  #launch(signal: AbortSignal): PlayerChild {
    const { device, clock, log, writesALife = WRITES_A_LIFE } = this.#options;
    const player = new PlayerChild(new PcmChild(childSpec(device, writesALife), log), clock);
    const end = () => void player.kill('stopped');
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    this.#children.add(player);
    void player.over.then(() => {
      this.#children.delete(player);
      signal.removeEventListener('abort', end);
    });
    player.onWorn = () => this.#replaceWhenIdle(player, signal);
    player.onSlow = () => {
      if (player.successor) return;
      // What is opened from now on waits for the new child, which reads it as soon as it is up.
      const successor = this.#launch(signal);
      player.successor = successor;
      this.#current = successor;
    };
    return player;
  }

  #replaceWhenIdle(player: PlayerChild, signal: AbortSignal): void {
    if (this.#replace) return;
    const successor = this.#launch(signal);
    void isLoaded(successor).then((loaded) => {
      if (!loaded) {
        this.#atIdle(player, () => void this.#giveWay(player, signal));
        return;
      }
      this.#atIdle(player, () => {
        // A child that was lost or replaced in the meantime has its own way to be followed.
        if (this.#current !== player || signal.aborted) {
          void successor.kill('not needed');
          return;
        }
        if (successor.isGone) {
          this.#replaceWhenIdle(player, signal);
          return;
        }
        player.successor = successor;
        this.#current = successor;
        void player.kill('replaced');
      });
    });
  }

  /**
   * A device that can be opened only once refuses the successor of a child that plays. Where the child has closed it, the
   * successor is started in its place: what is opened from now on waits for it.
   */
  async #giveWay(player: PlayerChild, signal: AbortSignal): Promise<void> {
    if (this.#current !== player || signal.aborted) return;
    const successor = this.#launch(signal);
    player.successor = successor;
    this.#current = successor;
    if (await isLoaded(successor)) {
      void (this.#current === successor ? player.kill('replaced') : successor.kill('not needed'));
      return;
    }
    if (player.successor !== successor || signal.aborted) return;
    // Refused again: somebody else has the device. A worn child is better than none.
    player.successor = undefined;
    this.#current = player;
    await pause(RETRY_MS, signal, this.#options.clock);
    if (!this.#replace) this.#atIdle(player, () => void this.#giveWay(player, signal));
  }

  /** Calls back when nothing plays on a child: at once, or between two sounds. */
  #atIdle(player: PlayerChild, act: () => void): void {
    const replace = () => {
      this.#replace = undefined;
      act();
    };
    this.#replace = replace;
    void (async () => {
      while (this.#replace === replace && !player.isIdle) await player.untilIdle();
      if (this.#replace === replace) replace();
    })();
  }
}

/** Resolves with true when a child has loaded the package, with false when it ended before. */
function isLoaded(child: PlayerChild): Promise<boolean> {
  return Promise.race([child.loaded.then(() => true), child.over.then(() => false)]);
}

function childSpec(device: string, writesALife: number): ChildSpec {
  return {
    name: 'speaker',
    command: process.execPath,
    args: [...LEAN_NODE, fileURLToPath(new URL('./package-child.js', import.meta.url)), device, String(writesALife)],
    pcm: 'stdin',
    messages: true,
    remedy: 'reinstall Node.js',
  };
}
