import type { Clock, Timer } from '../clock.js';
import type { LogOptions } from '../log.js';
import { DeviceWatch, type DeviceWatchOptions } from './device-watch.js';
import { type LineStyle, livingLine } from './living-line.js';
import { Screen } from './screen.js';

/** At most ten times a second, as the level of a voice can be read. */
const REDRAW_MS = 100;

/** The screen of standard output; undefined where that is no terminal for a person, or shall carry JSON. */
export function screenOf(
  stdout: NodeJS.WriteStream,
  { format }: Pick<LogOptions, 'format'>,
  env: NodeJS.ProcessEnv,
): Screen | undefined {
  return stdout.isTTY === true && format !== 'json' && env.TERM !== 'dumb' ? new Screen(stdout) : undefined;
}

/** How lines are drawn for this environment: no colours with NO_COLOR (no-color.org), ASCII outside of UTF-8. */
export function styleOf(env: NodeJS.ProcessEnv): Omit<LineStyle, 'columns'> {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return { isColoured: !env.NO_COLOR, isUnicode: /utf-?8/i.test(locale) };
}

/** Options of `LivingStatus`. */
export interface LivingStatusOptions extends DeviceWatchOptions {
  screen: Screen;
  style: Omit<LineStyle, 'columns'>;
}

/** The living line of a device: what `DeviceWatch` sees, drawn again and again on a screen. */
export class LivingStatus {
  readonly #options: LivingStatusOptions;
  readonly #clock: Clock;
  readonly #watch: DeviceWatch;
  #timer: Timer | undefined;

  constructor(options: LivingStatusOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#watch = new DeviceWatch(options);
  }

  start(): void {
    this.#watch.start();
    this.#draw();
  }

  /** The line is gone when it returns. May be called twice. */
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#watch.close();
    this.#options.screen.close();
  }

  #draw(): void {
    const { screen, style } = this.#options;
    screen.show(livingLine(this.#watch.look(), { ...style, columns: screen.columns }));
    this.#timer = this.#clock.setTimeout(() => this.#draw(), REDRAW_MS);
  }
}
