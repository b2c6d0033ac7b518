import type { Clock } from '../clock.js';
import type { JournalEntry, Trace } from '../log.js';
import { PROGRAM_VERSION } from '../version.js';
import { Counter, Histogram, type Metric } from './open-metrics.js';
import type { Usage } from './processes.js';

/** The states as the log names them. */
const STATES = [
  'idle',
  'listening',
  'hotwordDetected',
  'announcement',
  'activeSession.userTurn',
  'activeSession.reply',
  'activeSession.draining',
] as const;

/** How the device is at the moment of a scrape. */
export interface Present {
  state: string;
  isMuted: boolean;
  isLinkUp: boolean;
  usage: Usage;
}

const USER_TURN = 'activeSession.userTurn';
const HEARD = 'hotwordDetected';
const PLAYS: readonly string[] = ['activeSession.reply', 'activeSession.draining'];
const TURN_OUTCOMES = ['answered', 'interrupted', 'server', 'user', 'silence', 'link lost', 'no connection in time'];
/** In seconds. From what is not noticed up to what a person takes for a failure. */
const FAST_S = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3];
const SLOW_S = [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30];
const LONG_S = [1, 5, 15, 60, 300, 1800, 7200];
const PARTS: Readonly<Record<string, string>> = {
  'mic.lost': 'microphone',
  'speaker.lost': 'loudspeaker',
  'engine.lost': 'hotword engine',
};

/**
 * Counts what the journal tells, for a scraper that comes now and then. A turn is answered (its reply was played),
 * interrupted (somebody spoke into the reply), or ends as its conversation does, for the reason that `session.ended` has; one
 * that never became a conversation ends for the reason that `state.changed` has, such as `no connection in time`.
 */
export class Metrics {
  readonly #clock: Clock;
  readonly #hotwords = new Counter('phrase');
  readonly #turns = new Counter('outcome', TURN_OUTCOMES);
  readonly #restarts = new Counter('part', Object.values(PARTS));
  readonly #firstByteOut = new Histogram(FAST_S);
  readonly #replyWait = new Histogram(SLOW_S);
  readonly #firstSample = new Histogram(FAST_S);
  readonly #completion = new Histogram(FAST_S);
  readonly #outages = new Histogram(LONG_S);
  #underruns = 0;
  #attempts = 0;
  #isTurnOpen = false;
  #downSinceMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One event of the journal. */
  note(entry: JournalEntry): void {
    switch (entry.event) {
      case 'hotword.detected':
        this.#hotwords.add(entry.fields.phrase);
        break;
      case 'state.changed':
        this.#noteState(entry.fields);
        break;
      case 'session.ended':
        this.#endTurn(entry.fields.reason);
        break;
      case 'reply.completed':
        this.#underruns += entry.fields.underruns;
        this.#completion.observe((entry.fields.playedMs - entry.fields.lastSampleMs) / 1000);
        this.#endTurn('answered');
        break;
      case 'turn.timing':
        this.#firstByteOut.observe(entry.fields.firstByteOutMs / 1000);
        this.#replyWait.observe(entry.fields.replyAfterMs / 1000);
        this.#firstSample.observe(entry.fields.firstSampleMs / 1000);
        break;
      case 'link.down':
        this.#downSinceMs ??= this.#clock.nowMs();
        this.#attempts = entry.fields.failures;
        break;
      case 'link.up':
        this.#attempts = 0;
        if (this.#downSinceMs !== undefined) this.#outages.observe((this.#clock.nowMs() - this.#downSinceMs) / 1000);
        this.#downSinceMs = undefined;
        break;
    }
  }

  /** What the parts tell the machine: each loss of a part is followed by a restart of its child or thread. */
  trace({ type }: Trace): void {
    const part = PARTS[type];
    if (part !== undefined) this.#restarts.add(part);
  }

  /** Everything, as of now. */
  all({ state, isMuted, isLinkUp, usage }: Present): Metric[] {
    const { cpuS, memoryBytes } = usage;
    return [
      gauge('tars_client_uptime_seconds', 'Since the program began.', process.uptime(), 'seconds'),
      {
        name: 'tars_client',
        type: 'info',
        help: 'The program.',
        samples: [{ labels: { version: PROGRAM_VERSION, node: process.versions.node }, value: 1 }],
      },
      { name: 'tars_state', type: 'stateset', help: 'The state of the conversation.', states: STATES, present: state },
      gauge('tars_muted', '1 while the person has muted the device.', Number(isMuted)),
      { name: 'tars_hotwords', type: 'counter', help: 'Hotwords heard.', samples: this.#hotwords.samples },
      { name: 'tars_turns', type: 'counter', help: 'Turns, by how they ended.', samples: this.#turns.samples },
      histogram('tars_first_byte_out_seconds', 'Hotword to the first microphone byte sent.', this.#firstByteOut),
      histogram('tars_reply_wait_seconds', 'First microphone byte sent to first reply byte.', this.#replyWait),
      histogram('tars_first_sample_seconds', 'First reply byte to first sample played.', this.#firstSample),
      histogram('tars_completion_seconds', 'Last sample due to playback complete.', this.#completion),
      counter('tars_reply_underruns', 'Gaps in replies that came slower than they play.', this.#underruns),
      gauge('tars_link_up', '1 while the server is connected.', Number(isLinkUp)),
      gauge('tars_link_failed_attempts', 'Dials that failed since the link was last stable.', this.#attempts),
      histogram('tars_link_outage_seconds', 'Outages of the link that are over.', this.#outages),
      { name: 'tars_restarts', type: 'counter', help: 'Parts lost and begun again.', samples: this.#restarts.samples },
      byProcess('tars_cpu_seconds', 'counter', 'seconds', 'Processor time.', cpuS),
      byProcess('tars_memory_bytes', 'gauge', 'bytes', 'Proportional memory.', memoryBytes),
    ];
  }

  #noteState({ from, to, why }: { from: string; to: string; why: string }): void {
    if (PLAYS.includes(from) && !PLAYS.includes(to)) this.#leaveReply(to);
    if (to === USER_TURN || to === HEARD) this.#isTurnOpen = true;
    else if (from === HEARD) this.#endTurn(outcomeOf(why));
  }

  /** A reply that was left before its end, for more of the person's words. */
  #leaveReply(to: string): void {
    if (to === USER_TURN || to === HEARD) this.#endTurn('interrupted');
  }

  #endTurn(outcome: string): void {
    if (this.#isTurnOpen) this.#turns.add(outcome);
    this.#isTurnOpen = false;
  }
}

/** The kind alone, without the words of a server or a device behind it: each would be a series of its own. */
function outcomeOf(why: string): string {
  const [kind = ''] = why.split(':', 1);
  return kind === 'stop' || kind === 'stop.spoken' ? 'user' : kind;
}

function gauge(name: string, help: string, value: number, unit?: string): Metric {
  return { name, type: 'gauge', help, samples: [{ value }], ...(unit && { unit }) };
}

function counter(name: string, help: string, value: number): Metric {
  return { name, type: 'counter', help, samples: [{ value }] };
}

function histogram(name: string, help: string, { buckets }: Histogram): Metric {
  return { name, type: 'histogram', unit: 'seconds', help, buckets };
}

function byProcess(
  name: string,
  type: 'counter' | 'gauge',
  unit: string,
  help: string,
  { main, children }: { main: number; children: number },
): Metric {
  const samples = Object.entries({ main, children }).map(([process, value]) => ({ labels: { process }, value }));
  return { name, type, unit, help, samples };
}
