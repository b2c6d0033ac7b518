import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Journal } from '../log.js';
import { type LifeEnd, pause, supervise } from '../pcm/supervisor.js';
import { Debouncer } from './debouncer.js';
import { openInput, openOutput } from './find-line.js';
import type { GpioLibrary, InputLine, LineEdge, OutputLine } from './gpio.js';
import { isLit } from './led-pattern.js';
import { type Press, PressRecogniser } from './press.js';
import { SituationWatch } from './situation.js';

/** Where button and LED are, and how they behave; as the keys of `[gpio]`. */
export interface HandsSettings {
  chip: string;
  /** "" for none. */
  button: string;
  isButtonActiveLow: boolean;
  debounceMs: number;
  longPressMs: number;
  hasDoublePress: boolean;
  /** "" for none. */
  led: string;
  isLedActiveLow: boolean;
}

/** Options of `Hands`. */
export interface HandsOptions {
  settings: HandsSettings;
  /** Throws GpioError where there is none. */
  loadLibrary: () => Promise<GpioLibrary>;
  journal: Journal;
  clock: Clock;
  /** The kernel's CLOCK_MONOTONIC. @default process.hrtime.bigint */
  monotonicNs?: () => bigint;
  isMuted: () => boolean;
  onPress: (press: Press) => void;
  /** Where the chips are. @default '/dev' */
  folder?: string;
}

/** The kernel queues edges and stamps them: how often they are fetched decides only how soon a press is answered. */
const TICK_MS = 20;
/** The gap that most desktops allow within a double click is longer, but a thumb on a button is faster. */
const DOUBLE_GAP_MS = 300;
/** Before lines that were lost, or never found, are opened again: a chip may be plugged in, a library installed. */
const RETRY_DELAYS_MS = [0, 1_000, 5_000, 15_000, 60_000];

/**
 * A button and an LED at GPIO lines. Lines that cannot be opened, or are lost, are an event and are tried again; the device
 * goes on without them. They are asked without waiting, every 20 ms: no process, no thread, nothing that could hang.
 */
export class Hands {
  readonly #options: HandsOptions;
  readonly #stop = new AbortController();
  readonly #watch = new SituationWatch();
  #stopWatching: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #told: string | undefined;

  constructor(options: HandsOptions) {
    this.#options = options;
  }

  start(): void {
    const { journal, clock } = this.#options;
    this.#stopWatching = journal.watch((entry) => this.#watch.note(entry));
    this.#running = supervise({
      life: (signal) => this.#live(signal),
      onLost: (end) => this.#tellLost(end),
      signal: this.#stop.signal,
      clock,
      delaysMs: RETRY_DELAYS_MS,
    });
  }

  /** Darkens the LED and lets go of the lines. May be called twice. */
  async close(): Promise<void> {
    this.#stopWatching();
    this.#stop.abort();
    await this.#running;
  }

  #tellLost({ why, wasReady }: LifeEnd): void {
    // The same mistake in the configuration is not told once a minute for years.
    if (wasReady || why !== this.#told) this.#options.journal.record('gpio.lost', { why });
    this.#told = why;
  }

  async #live(signal: AbortSignal): Promise<LifeEnd> {
    const { settings, loadLibrary, journal, folder } = this.#options;
    const { chip, button, led } = settings;
    const closers: (() => void)[] = [];
    let wasReady = false;
    try {
      const library = await loadLibrary();
      const input =
        button === '' ? undefined : openInput(library, { chip, line: button }, settings.isButtonActiveLow, folder);
      if (input) closers.push(input.close);
      const output = led === '' ? undefined : openOutput(library, { chip, line: led }, settings.isLedActiveLow, folder);
      if (output) closers.push(output.close);
      wasReady = true;
      this.#told = undefined;
      journal.record('gpio.ready', { button: input?.name ?? '', led: output?.name ?? '' });
      await this.#work(input?.line, output?.line, signal);
      return { why: 'closed', wasReady };
    } catch (error) {
      return { why: messageOf(error), wasReady };
    } finally {
      for (const close of closers) close();
    }
  }

  async #work(input: InputLine | undefined, output: OutputLine | undefined, signal: AbortSignal): Promise<void> {
    const { settings, clock, isMuted, onPress } = this.#options;
    const debouncer = new Debouncer(settings.debounceMs);
    const recogniser = new PressRecogniser({
      longMs: settings.longPressMs,
      doubleGapMs: settings.hasDoublePress ? DOUBLE_GAP_MS : 0,
    });
    let shown = { situation: this.#watch.situation(isMuted()), sinceMs: clock.nowMs(), isOn: false };
    while (!signal.aborted) {
      const nowMs = clock.nowMs();
      if (input) {
        const edges = input.edges().map((edge) => this.#edgeOf(edge, nowMs));
        for (const press of recogniser.feed(debouncer.feed(edges, nowMs), nowMs)) onPress(press);
      }
      if (output) {
        const situation = this.#watch.situation(isMuted());
        if (situation !== shown.situation) shown = { ...shown, situation, sinceMs: nowMs };
        const isOn = isLit(situation, nowMs - shown.sinceMs);
        if (isOn !== shown.isOn) output.set(isOn);
        shown = { ...shown, isOn };
      }
      await pause(TICK_MS, signal, clock);
    }
    output?.set(false);
  }

  /** An edge on this program's scale of time. */
  #edgeOf({ isActive, atNs }: LineEdge, nowMs: number) {
    const { monotonicNs = () => process.hrtime.bigint() } = this.#options;
    const agoMs = Number(monotonicNs() - atNs) / 1e6;
    // Kernels before 5.7 stamp with the time of day, which is of no use here.
    const isPlausible = agoMs >= 0 && agoMs < 3_600_000;
    return { isPressed: isActive, atMs: isPlausible ? nowMs - agoMs : nowMs };
  }
}
