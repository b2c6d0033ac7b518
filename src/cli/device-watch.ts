import type { Clock } from '../clock.js';
import type { PhraseScore } from '../hotword/engine.js';
import { type Scorer, shownScore } from '../hotword/shown-score.js';
import type { Events, Journal } from '../log.js';
import type { Meter } from '../meters.js';
import { SILENCE_DB } from '../pcm/level.js';
import type { MicLevel } from '../session/capture.js';
import type { DeviceView } from './living-line.js';

/** What is looked at of the device. */
export interface WatchedDevice extends Scorer {
  readonly micLevel: Meter<MicLevel>;
  readonly score: Meter<PhraseScore>;
  readonly state: string;
  readonly isMuted: boolean;
  readonly isLinkUp: boolean;
}

/** Options of `DeviceWatch`. */
export interface DeviceWatchOptions {
  /** The present device: another one after a reload. */
  device: () => WatchedDevice;
  journal: Journal;
  clock: Clock;
}

/** A peak stays visible so long. */
const PEAK_HOLD_MS = 1_000;
/** A score stays visible so long. */
const SCORE_HOLD_MS = 3_000;
/** A microphone that says nothing for so long has no level. */
const LEVEL_LIMIT_MS = 500;

/** Follows a device by its meters and its last turn by the journal, and knows how it is whenever asked. */
export class DeviceWatch {
  readonly #options: DeviceWatchOptions;
  #watched: WatchedDevice | undefined;
  #stopMeters: () => void = () => undefined;
  #stopJournal: () => void = () => undefined;
  #turn: Events['turn.timing'] | undefined;
  #rms: Held = { value: SILENCE_DB, atMs: Number.NEGATIVE_INFINITY };
  #peak: Held = { value: SILENCE_DB, atMs: Number.NEGATIVE_INFINITY };
  #score: HeldScore = { value: 0, atMs: Number.NEGATIVE_INFINITY, phrase: '', shown: 0 };

  constructor(options: DeviceWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopJournal = this.#options.journal.watch(({ event, fields }) => {
      if (event === 'turn.timing') this.#turn = fields;
    });
  }

  /** How the device is now; the loudest of the microphone since the last call. */
  look(): DeviceView {
    const device = this.#options.device();
    if (device !== this.#watched) this.#follow(device);
    const nowMs = this.#options.clock.nowMs();
    const isHeard = nowMs - this.#rms.atMs < LEVEL_LIMIT_MS && !device.isMuted;
    const level = { rmsDb: this.#rms.value, peakDb: this.#peak.value };
    // The next chunk counts, however quiet.
    this.#rms = { value: level.rmsDb, atMs: this.#rms.atMs, isSeen: true };
    const best = nowMs - this.#score.atMs < SCORE_HOLD_MS ? this.#score : undefined;
    const thresholds = [...(device.thresholds?.values() ?? [])];
    const lowest = thresholds.length > 0 ? Math.min(...thresholds) : undefined;
    return {
      state: device.state,
      isMuted: device.isMuted,
      isLinkUp: device.isLinkUp,
      level: isHeard ? level : undefined,
      score: best?.shown,
      threshold: (best && device.thresholds?.get(best.phrase)) ?? lowest,
      turn: this.#turn,
    };
  }

  /** May be called twice. */
  close(): void {
    this.#stopJournal();
    this.#stopMeters();
  }

  #follow(device: WatchedDevice): void {
    this.#stopMeters();
    this.#watched = device;
    const stopLevel = device.micLevel.watch((level) => this.#hear(level));
    const stopScore = device.score.watch((scored) => this.#judge(scored, device));
    this.#stopMeters = () => {
      stopLevel();
      stopScore();
    };
  }

  #judge(scored: PhraseScore, device: WatchedDevice): void {
    const held = largest(this.#score, scored.score, SCORE_HOLD_MS, this.#options.clock.nowMs());
    if (held !== this.#score) {
      this.#score = { ...held, phrase: scored.phrase, shown: shownScore(scored, device) };
    }
  }

  #hear({ rmsDb, peakDb }: MicLevel): void {
    const nowMs = this.#options.clock.nowMs();
    const rms = this.#rms.isSeen ? rmsDb : Math.max(this.#rms.value, rmsDb);
    this.#rms = { value: rms, atMs: nowMs };
    this.#peak = largest(this.#peak, peakDb, PEAK_HOLD_MS, nowMs);
  }
}

interface Held {
  value: number;
  atMs: number;
  isSeen?: boolean;
}

/** As the engine gave it, and on the scale of the phrase's threshold. */
interface HeldScore extends Held {
  phrase: string;
  shown: number;
}

function largest(held: Held, value: number, holdMs: number, nowMs: number): Held {
  return value >= held.value || nowMs - held.atMs >= holdMs ? { value, atMs: nowMs } : held;
}
