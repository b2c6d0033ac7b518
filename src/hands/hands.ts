import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Journal } from '../log.js';
import { type LifeEnd, pause, supervise } from '../pcm/supervisor.js';
import { Button } from './button.js';
import { openInput, openOutput } from './find-line.js';
import type { GpioLibrary, LineEdge } from './gpio.js';
import { isLit } from './led-pattern.js';
import type { Press } from './press.js';
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

/** One of the two that is open. */
interface OpenLine {
  /** For a person, as `GPIO17, line 17 of /dev/gpiochip0`. */
  name: string;
  close: () => void;
  /** Serves it until the signal aborts. Rejects with GpioError when the line is gone. */
  work: (signal: AbortSignal) => Promise<void>;
}

type Kind = 'button' | 'led';

/**
 * A button and an LED at GPIO lines, each with a life of its own. A line that cannot be opened, or is lost, is an event and is tried
 * again; the device goes on without it. They are asked without waiting, every 20 ms: no process, no thread, nothing that could hang.
 */
export class Hands {
  readonly #options: HandsOptions;
  readonly #stop = new AbortController();
  readonly #watch = new SituationWatch();
  readonly #told = new Map<Kind, string>();
  #names: Readonly<Record<Kind, string>> = { button: '', led: '' };
  #stopWatching: () => void = () => undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: HandsOptions) {
    this.#options = options;
  }

  start(): void {
    const { journal, settings } = this.#options;
    this.#stopWatching = journal.watch((entry) => this.#watch.note(entry));
    const lives: Promise<void>[] = [];
    if (settings.button !== '') lives.push(this.#keep('button', (library) => this.#openButton(library)));
    if (settings.led !== '') lives.push(this.#keep('led', (library) => this.#openLed(library)));
    this.#running = Promise.all(lives);
  }

  /** Darkens the LED and lets go of the lines. May be called twice. */
  async close(): Promise<void> {
    this.#stopWatching();
    this.#stop.abort();
    await this.#running;
  }

  #keep(kind: Kind, open: (library: GpioLibrary) => OpenLine): Promise<void> {
    return supervise({
      life: (signal) => this.#live(kind, open, signal),
      onLost: (end) => this.#tellLost(kind, end),
      signal: this.#stop.signal,
      clock: this.#options.clock,
      delaysMs: RETRY_DELAYS_MS,
    });
  }

  #tellLost(kind: Kind, { why, workedMs }: LifeEnd): void {
    // The same mistake in the configuration is not told once a minute for years, nor once for each line.
    const isNew = ![...this.#told.values()].includes(why);
    if (workedMs !== undefined || isNew) this.#options.journal.record('gpio.lost', { why });
    this.#told.set(kind, why);
  }

  async #live(kind: Kind, open: (library: GpioLibrary) => OpenLine, signal: AbortSignal): Promise<LifeEnd> {
    const { loadLibrary, journal, clock } = this.#options;
    let line: OpenLine | undefined;
    const openedAtMs = clock.nowMs();
    const workedMs = () => line && clock.nowMs() - openedAtMs;
    try {
      line = open(await loadLibrary());
      this.#told.delete(kind);
      this.#names = { ...this.#names, [kind]: line.name };
      journal.record('gpio.ready', this.#names);
      await line.work(signal);
      return { why: 'closed', workedMs: workedMs() };
    } catch (error) {
      return { why: messageOf(error), workedMs: workedMs() };
    } finally {
      this.#names = { ...this.#names, [kind]: '' };
      line?.close();
    }
  }

  #openButton(library: GpioLibrary): OpenLine {
    const { settings, clock, onPress, folder } = this.#options;
    const { chip, button: address, isButtonActiveLow, debounceMs, longPressMs, hasDoublePress } = settings;
    const { line, ...open } = openInput(library, { chip, line: address }, isButtonActiveLow, folder);
    const doubleGapMs = hasDoublePress ? DOUBLE_GAP_MS : 0;
    const work = async (signal: AbortSignal) => {
      const button = new Button({ debounceMs, longMs: longPressMs, doubleGapMs, isPressed: line.isActive() });
      while (!signal.aborted) {
        // The level first: an edge that comes in between is among the edges.
        const now = { isPressed: line.isActive(), atMs: clock.nowMs() };
        const edges = line.edges().map((edge) => this.#edgeOf(edge));
        for (const press of button.look(now, edges)) onPress(press);
        await pause(TICK_MS, signal, clock);
      }
    };
    return { ...open, work };
  }

  #openLed(library: GpioLibrary): OpenLine {
    const { settings, clock, isMuted, folder } = this.#options;
    const { chip, led, isLedActiveLow } = settings;
    const { line, ...open } = openOutput(library, { chip, line: led }, isLedActiveLow, folder);
    const work = async (signal: AbortSignal) => {
      let shown = { situation: this.#watch.situation(isMuted()), sinceMs: clock.nowMs(), isOn: false };
      while (!signal.aborted) {
        const nowMs = clock.nowMs();
        const situation = this.#watch.situation(isMuted());
        if (situation !== shown.situation) shown = { ...shown, situation, sinceMs: nowMs };
        const isOn = isLit(situation, nowMs - shown.sinceMs);
        if (isOn !== shown.isOn) line.set(isOn);
        shown = { ...shown, isOn };
        await pause(TICK_MS, signal, clock);
      }
      line.set(false);
    };
    return { ...open, work };
  }

  /** An edge on this program's scale of time. */
  #edgeOf({ isActive, atNs }: LineEdge) {
    const { monotonicNs = () => process.hrtime.bigint(), clock } = this.#options;
    // Both clocks at once: time that passes between two looks at them would shift the edge.
    const nowMs = clock.nowMs();
    const agoMs = Number(monotonicNs() - atNs) / 1e6;
    // Kernels before 5.7 stamp with the time of day, which is of no use here.
    const isPlausible = agoMs >= 0 && agoMs < 3_600_000;
    return { isPressed: isActive, atMs: isPlausible ? nowMs - agoMs : nowMs };
  }
}
