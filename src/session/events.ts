import type { CueName } from '../cues/cues.js';
import type { PcmFormat } from '../pcm/format.js';
import type { DeviceEvent } from '../protocol/protocol.js';

/** Everything that can happen to a conversation. The machine takes any of these in any state. */
export type SessionEvent =
  | { type: 'mic.ready' }
  | { type: 'mic.lost'; why: string }
  | { type: 'engine.ready' }
  | { type: 'engine.lost'; why: string }
  | { type: 'speaker.lost'; why: string }
  /** A hotword; `endedAt` is the position of the first sample after it. */
  | { type: 'hotword'; phrase: string; score: number; endedAt: number }
  /** A conversation begins without a hotword. */
  | { type: 'trigger'; source: 'button' | 'key' }
  /** The person speaks into a reply, in a room where the microphone does not hear the loudspeaker; from `startedAt` on. */
  | { type: 'person.interrupted'; startedAt: number }
  /** The person ends the conversation. */
  | { type: 'stop' }
  /** The same by a phrase, which may be a mishearing: nothing within the first second of a reply. */
  | { type: 'stop.spoken'; phrase: string }
  | { type: 'mute' }
  | { type: 'unmute' }
  /** The person's voice, at most a few times a second while it lasts. */
  | { type: 'person.spoke' }
  | { type: 'link.up' }
  | { type: 'link.down'; reason: string }
  | { type: 'server.replyStarted'; format: PcmFormat }
  /** Audio of the reply has come; the audio itself takes another way. */
  | { type: 'server.replyAudio' }
  | { type: 'server.replyEnded' }
  | { type: 'server.sessionEnded'; reason: string }
  /** The reply came faster than it plays and the server is not read just now (true), or is again. */
  | { type: 'reply.held'; hold: boolean }
  /** A whole sound is to be played that belongs to no conversation; its audio takes another way. */
  | { type: 'announcement'; format: PcmFormat }
  | { type: 'playback.drained' }
  | { type: 'playback.failed'; why: string }
  /** The program ends. */
  | { type: 'shutdown' }
  | InnerEvent;

/** What the machine says to itself. */
export type InnerEvent =
  | { type: 'timeout.idle' }
  | { type: 'timeout.stall' }
  | { type: 'timeout.reply' }
  | { type: 'timeout.settle' }
  | { type: 'timeout.arm' }
  | { type: 'reply.over' }
  | { type: 'reply.broken' };

/** The durations of the machine, in milliseconds. */
export interface SessionLimits {
  connectGraceMs: number;
  turnLimitMs: number;
  idleLimitMs: number;
  replyStallMs: number;
  replyLimitMs: number;
  /** How long a reply that has ended may take to play out. */
  drainLimitMs: number;
  settleMs: number;
}

/** What may interrupt a reply: nothing, a hotword, or also any speech. */
export type BargeIn = 'off' | 'hotword' | 'speech';

/** What the machine is made with. */
export interface SessionInput {
  limits: SessionLimits;
  bargeIn: BargeIn;
}

/** What the machine remembers. */
export interface SessionContext extends SessionInput {
  isMicReady: boolean;
  isEngineReady: boolean;
  isMuted: boolean;
  isStopping: boolean;
  /** Counts the person's turns since the program began. */
  turn: number;
  /** Replies of this session that the server still waits to hear the end of. */
  repliesDue: number;
  /** The microphone has not been open since a reply began: others that follow count as one with it. */
  isGated: boolean;
  /** The reply has played for long enough that what interrupts it is meant. */
  isArmed: boolean;
  /** The server is held back, because the reply comes faster than it plays. */
  isHeld: boolean;
  /** Replies have followed one another for as long as one may last, and the microphone was not open in between. */
  isOverLimit: boolean;
  /** The server has ended the session; the rest of its reply plays. */
  isEndedByServer: boolean;
}

/** Where the microphone goes. */
export type MicRoute =
  /** Nowhere. */
  | { to: 'nowhere' }
  /** To the engine only. */
  | { to: 'engine' }
  /** Kept, from `endedAt` minus the pre-roll on (without `endedAt`: from now on), until the session starts. */
  | { to: 'hold'; endedAt?: number }
  /** To the server, from what was held, or from a position, or from now on. */
  | { to: 'server'; from?: number }
  /** Gated during a reply; what is armed hears it. */
  | { to: 'gate'; armed: BargeIn };

/** What the machine itself has to tell the server. */
type Told = 'session.started' | 'playback.complete' | 'interrupted' | 'session.ended';

/** What one order says. */
export type Order<K extends keyof SessionOrders> = Parameters<SessionOrders[K]>[0];

/** What the machine orders done. The implementations are provided by `session.ts`; the machine itself does nothing. */
interface SessionOrders {
  route: (route: MicRoute) => void;
  /** Opens or closes the capture itself: only mute closes it. */
  capture: (order: { isOn: boolean }) => void;
  tell: (event: Extract<DeviceEvent, { type: Told }>) => void;
  cue: (order: { name: CueName }) => void;
  /** Asks whether the link is up (the answer is `link.up`), and dials at once when it is not. */
  hurryLink: () => void;
  tempo: (order: { tempo: 'idle' | 'session' }) => void;
  /** `announce` begins a sound that is no reply: the server hears nothing of it, and nothing more comes. */
  reply: (order: { do: 'begin' | 'announce'; format: PcmFormat } | { do: 'end' | 'extend' | 'seal' | 'clear' }) => void;
  noteStarted: (note: { turn: number }) => void;
  noteEnded: (note: { reason: string }) => void;
}
