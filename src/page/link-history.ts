import type { JournalEntry } from '../log.js';
import type { Outage } from './messages.js';

const OUTAGES_KEPT = 20;

/** When the server was there and when it was not, from what the journal tells. */
export class LinkHistory {
  readonly #epochMs: () => number;
  readonly #outages: Outage[] = [];
  #url = '';
  #upSinceEpochMs: number | undefined;

  /** `epochMs` gives milliseconds since 1970. */
  constructor(epochMs: () => number) {
    this.#epochMs = epochMs;
  }

  /** The newest first. */
  get outages(): readonly Outage[] {
    return this.#outages;
  }

  /** The address of the server, and since when it is there, where that is known. */
  get present(): { url: string; upSinceEpochMs?: number } {
    return { url: this.#url, ...(this.#upSinceEpochMs !== undefined && { upSinceEpochMs: this.#upSinceEpochMs }) };
  }

  note(entry: JournalEntry): void {
    const last = this.#outages[0];
    if (entry.event === 'link.up') {
      this.#url = entry.fields.url;
      this.#upSinceEpochMs = this.#epochMs();
      if (last) last.untilEpochMs ??= this.#epochMs();
    } else if (entry.event === 'link.down') {
      const { reason, failures } = entry.fields;
      this.#upSinceEpochMs = undefined;
      if (last && last.untilEpochMs === undefined) Object.assign(last, { reason, failures });
      else this.#outages.unshift({ fromEpochMs: this.#epochMs(), reason, failures });
      this.#outages.length = Math.min(this.#outages.length, OUTAGES_KEPT);
    }
  }
}
