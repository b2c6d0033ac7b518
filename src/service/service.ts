import type { Clock, Timer } from '../clock.js';
import type { Journal, Log } from '../log.js';
import type { Notifier } from './notifier.js';
import { ServiceStatus } from './status.js';

/** How the device is, beside what the journal tells. */
export interface Health {
  /** Since the last chunk of the microphone, in milliseconds; undefined while the device is muted. */
  chunkAgeMs: number | undefined;
  /** The name of a state that has outlived its limit. */
  overdueState: string | undefined;
  /** The person has muted the device. */
  isMuted: boolean;
}

/** Options of `Service`. */
export interface ServiceOptions {
  notifier: Notifier;
  journal: Journal;
  health: () => Health;
  clock: Clock;
  log: Log;
}

/** STATUS is brought up to date this often where nothing happens: it counts minutes. */
const STATUS_EVERY_MS = 60_000;
/** The watchdog is fed this many times in its time. */
const FEEDS = 4;
/** While there is no microphone yet, the manager is asked for so much more time, again and again. */
const EXTEND_MS = 30_000;

/**
 * Tells the service manager how the device is: READY once microphone and engine run (muted: once the engine runs), STATUS in words, and WATCHDOG only while
 * the event loop turns, chunks flow (or the device is muted) and no state is overdue. A device without a microphone
 * is not ready, and asks for more time as long as it looks for one: a restart would not find it sooner.
 */
export class Service {
  readonly #options: ServiceOptions;
  readonly #status = new ServiceStatus();
  readonly #timers = new Map<() => void, Timer>();
  #stopWatching: (() => void) | undefined;
  #isReady = false;
  #words = '';
  #isHungry = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  start(): void {
    const { journal, clock, notifier } = this.#options;
    this.#stopWatching = journal.watch((entry) => {
      this.#status.note(entry, clock.nowMs());
      this.#tell();
    });
    this.#every(STATUS_EVERY_MS, () => this.#tell());
    this.#every(EXTEND_MS / 2, () => this.#extend());
    this.#extend();
    const { watchdogMs } = notifier;
    if (watchdogMs !== undefined) this.#every(watchdogMs / FEEDS, () => this.#feed(watchdogMs));
  }

  /** The configuration is read again: RELOADING and READY frame it, with the time as systemd wants it (sd_notify(3)). */
  async reloading(work: () => Promise<void>): Promise<void> {
    const { notifier } = this.#options;
    const monotonicUs = process.hrtime.bigint() / 1000n;
    // A service that is still starting must not be RELOADING: its first READY may be far away.
    const reloading = this.#isReady ? { RELOADING: 1, MONOTONIC_USEC: String(monotonicUs) } : {};
    notifier.notify({ ...reloading, STATUS: 'Reading the configuration' });
    this.#words = '';
    await work().finally(() => {
      if (this.#isReady) notifier.notify({ READY: 1 });
      this.#tell();
    });
  }

  /** Says STOPPING. May be called twice. */
  close(): void {
    if (!this.#stopWatching) return;
    this.#stopWatching();
    this.#stopWatching = undefined;
    for (const timer of this.#timers.values()) this.#options.clock.clearTimeout(timer);
    this.#timers.clear();
    this.#options.notifier.notify({ STOPPING: 1, STATUS: 'Stopping' });
  }

  #tell(): void {
    const { notifier, health, clock } = this.#options;
    const { isMuted } = health();
    const words = this.#status.words(clock.nowMs(), isMuted);
    const becomesReady = !this.#isReady && (isMuted ? this.#status.hasEngine : this.#status.isReady);
    if (becomesReady) this.#isReady = true;
    if (words === this.#words && !becomesReady) return;
    this.#words = words;
    notifier.notify(becomesReady ? { READY: 1, STATUS: words } : { STATUS: words });
  }

  #extend(): void {
    if (!this.#isReady) this.#options.notifier.notify({ EXTEND_TIMEOUT_USEC: EXTEND_MS * 1000 });
  }

  #feed(watchdogMs: number): void {
    const { notifier, health, log } = this.#options;
    const why = sickness(health(), watchdogMs);
    if (why === undefined) notifier.notify({ WATCHDOG: 1 });
    else if (!this.#isHungry)
      log.error({ why }, 'the watchdog is not fed any more; the service manager will restart the device');
    this.#isHungry = why !== undefined;
  }

  #every(periodMs: number, work: () => void): void {
    const { clock } = this.#options;
    const run = () => {
      this.#timers.set(work, clock.setTimeout(run, periodMs));
      work();
    };
    this.#timers.set(work, clock.setTimeout(run, periodMs));
  }
}

function sickness({ chunkAgeMs, overdueState }: Health, watchdogMs: number): string | undefined {
  if (overdueState !== undefined) return `the state ${overdueState} has outlived its limit`;
  if (chunkAgeMs !== undefined && chunkAgeMs > watchdogMs / FEEDS) {
    return `no sound from the microphone for ${Math.round(chunkAgeMs / 1000)} s`;
  }
  return undefined;
}
