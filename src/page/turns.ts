import type { JournalEntry, Trace } from '../log.js';
import type { Moment, TurnRow } from './messages.js';

/** Options of `Turns`. */
export interface TurnsOptions {
  /** Monotonic milliseconds. */
  nowMs: () => number;
  /** Milliseconds since 1970. */
  epochMs: () => number;
}

const TURNS_KEPT = 12;
const USER_TURN = 'activeSession.userTurn';
const BEGINS: ReadonlySet<string> = new Set(['hotword', 'trigger', 'person.interrupted', 'playback.drained']);

/** The last turns, from what the journal tells: when each step of them was, to a tenth of a millisecond. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #rows: TurnRow[] = [];
  #open: { row: TurnRow; beganMs: number } | undefined;
  #heard = { phrase: '', score: 0 };
  #id = 0;
  /** When the machine was last told something that may begin a turn; the state changes a little later. */
  #toldMs: number | undefined;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** The newest first. */
  get rows(): readonly TurnRow[] {
    return this.#rows;
  }

  note(entry: JournalEntry): void {
    switch (entry.event) {
      case 'hotword.detected':
        this.#heard = entry.fields;
        break;
      case 'state.changed':
        this.#noteState(entry.fields);
        break;
      case 'reply.started':
        this.#mark('firstSample');
        break;
      case 'reply.completed':
        this.#complete(entry.fields);
        break;
      case 'session.ended':
        this.#end(entry.fields.reason);
        break;
    }
  }

  trace({ type }: Trace): void {
    if (BEGINS.has(type)) this.#toldMs = this.#options.nowMs();
    if (type === 'turn.firstByteOut') this.#mark('firstByteOut');
    if (type === 'server.replyStarted') this.#mark('firstByteBack');
  }

  #noteState({ from, to, why }: { from: string; to: string; why: string }): void {
    if (to === 'hotwordDetected' || (to === USER_TURN && from !== 'hotwordDetected')) {
      if (this.#open) this.#close('interrupted');
      this.#begin(why);
    } else if (from === 'hotwordDetected' && to !== USER_TURN) this.#close(why);
  }

  #begin(why: string): void {
    const { nowMs, epochMs } = this.#options;
    this.#id += 1;
    const row: TurnRow = { id: this.#id, atEpochMs: epochMs(), by: this.#byOf(why), moments: {} };
    this.#open = { row, beganMs: this.#toldMs ?? nowMs() };
    this.#toldMs = undefined;
    this.#rows.unshift(row);
    this.#rows.length = Math.min(this.#rows.length, TURNS_KEPT);
  }

  #byOf(why: string): TurnRow['by'] {
    if (why === 'hotword') return { kind: 'hotword', phrase: this.#heard.phrase, score: this.#heard.score };
    if (why === 'trigger') return { kind: 'key' };
    return { kind: why === 'person.interrupted' ? 'speech' : 'reply' };
  }

  #mark(moment: Moment): void {
    if (!this.#open) return;
    const { row, beganMs } = this.#open;
    row.moments[moment] ??= rounded(this.#options.nowMs() - beganMs);
  }

  #complete({ lastSampleMs, underruns }: { lastSampleMs: number; underruns: number }): void {
    if (!this.#open) return;
    const { row } = this.#open;
    const { firstSample } = row.moments;
    this.#mark('complete');
    const { complete = 0 } = row.moments;
    // The device may have been a little ahead of what was reckoned.
    if (firstSample !== undefined) row.moments.lastSample = Math.min(complete, rounded(firstSample + lastSampleMs));
    row.underruns = underruns;
    this.#close('answered');
  }

  #end(reason: string): void {
    const row = this.#open?.row;
    this.#close(reason);
    const before = this.#rows[1];
    // Nobody spoke any more: that is no turn to look at, but the end of the one before.
    if (row?.by.kind !== 'reply' || row.moments.firstByteBack !== undefined || !before) return;
    this.#rows.shift();
    before.ended = reason;
  }

  #close(outcome: string): void {
    if (this.#open) this.#open.row.outcome = outcome;
    this.#open = undefined;
  }
}

function rounded(durationMs: number): number {
  return Math.round(durationMs * 10) / 10;
}
