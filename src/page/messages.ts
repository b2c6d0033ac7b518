// What goes over the WebSocket to a page. The page's own code takes its types from here, so nothing is imported.

/** The moments of a turn behind its beginning, in the order in which they come. */
export type Moment = 'firstByteOut' | 'firstByteBack' | 'firstSample' | 'lastSample' | 'complete';

/** One turn of the person's, as far as it has come. */
export interface TurnRow {
  id: number;
  atEpochMs: number;
  /** What began it: a phrase with its score, the page or a key, the person's speech, or the end of the reply before. */
  by: { kind: 'hotword'; phrase: string; score: number } | { kind: 'key' | 'speech' | 'reply' };
  /** Each in milliseconds since the beginning. */
  moments: Partial<Record<Moment, number>>;
  underruns?: number;
  /** `answered`, `interrupted`, or why the conversation ended; undefined while it lasts. */
  outcome?: string;
  /** Why the conversation ended, for its last turn that was answered. */
  ended?: string;
}

/** A time without the server. */
export interface Outage {
  fromEpochMs: number;
  /** Undefined while it lasts. */
  untilEpochMs?: number;
  /** Why it began, or why the last attempt failed. */
  reason: string;
  /** Attempts that failed. */
  failures: number;
}

/** Something that the server wanted shown. */
export interface Shown {
  atEpochMs: number;
  view: 'main' | 'dashboard';
  text: string;
}

/** How thresholds are spread: PocketSphinx counts in powers of ten. */
export type Scale = 'linear' | 'log';

/** Everything that the page shows but the moving meters. */
export interface Picture {
  type: 'picture';
  version: string;
  /** Of the device's clock: the browser's may be another. */
  nowEpochMs: number;
  state: string;
  isMuted: boolean;
  engine: string;
  scale: Scale;
  thresholds: readonly { phrase: string; threshold: number }[];
  volume: number;
  /** Something was set on a page that a restart would lose. */
  isUnsaved: boolean;
  /** The newest first, as everything that is remembered. */
  turns: readonly TurnRow[];
  link: { isUp: boolean; url: string; upSinceEpochMs?: number; outages: readonly Outage[] };
  displays: readonly Shown[];
  /** The apps of the server's that run, by its latest word. */
  apps: readonly string[];
}

/** What a tenth of a second of the meters comes to. */
export interface MeterFrame {
  type: 'meter';
  rmsDb: number;
  peakDb: number;
  /** The best score of each phrase, on the scale of its threshold. */
  scores: Record<string, { score: number; isHeard: boolean }>;
}

/** What became of a command, where it is worth a word. */
export interface Said {
  type: 'said';
  text: string;
  isError: boolean;
}

/** The device is there, whatever else there is to tell. */
interface Alive {
  type: 'alive';
}

/** Anything of it. */
export type PageMessage = Picture | MeterFrame | Said | Alive;
