import type { Clock } from '../clock.js';
import { isLogarithmic } from '../hotword/shown-score.js';
import type { JournalEntry, Trace } from '../log.js';
import type { Display } from '../protocol/protocol.js';
import { PROGRAM_VERSION } from '../version.js';
import type { PageDevice } from './device.js';
import { LinkHistory } from './link-history.js';
import type { Picture, Scale, Shown } from './messages.js';
import { Turns } from './turns.js';

const DISPLAYS_KEPT = 6;

/** Remembers what happened, little of it, and shows it together with how the device is now. */
export class Memory {
  readonly #turns: Turns;
  readonly #links = new LinkHistory(Date.now);
  readonly #displays: Shown[] = [];
  #apps: readonly string[] = [];

  constructor(clock: Clock) {
    this.#turns = new Turns({ nowMs: () => clock.nowMs(), epochMs: Date.now });
  }

  note(entry: JournalEntry): void {
    this.#turns.note(entry);
    this.#links.note(entry);
    if (entry.event === 'apps.changed') this.#apps = entry.fields.running;
  }

  trace(trace: Trace): void {
    this.#turns.trace(trace);
  }

  /** The server wants this shown. */
  display({ view, text }: Display): void {
    if (text === '') return;
    this.#displays.unshift({ atEpochMs: Date.now(), view, text });
    this.#displays.length = Math.min(this.#displays.length, DISPLAYS_KEPT);
  }

  /** All of it, with the device as it is now. */
  picture(device: PageDevice, isUnsaved: boolean): Picture {
    return {
      type: 'picture',
      version: PROGRAM_VERSION,
      nowEpochMs: Date.now(),
      state: device.state,
      isMuted: device.isMuted,
      engine: device.engine ?? 'none',
      scale: scaleOf(device),
      thresholds: [...(device.thresholds ?? [])].map(([phrase, threshold]) => ({ phrase, threshold })),
      volume: device.volume,
      isUnsaved,
      turns: this.#turns.rows,
      link: { isUp: device.isLinkUp, ...this.#links.present, outages: this.#links.outages },
      displays: this.#displays,
      apps: this.#apps,
    };
  }
}

/** How the thresholds of a device's engine are spread. */
function scaleOf(device: PageDevice): Scale {
  return isLogarithmic(device) ? 'log' : 'linear';
}
