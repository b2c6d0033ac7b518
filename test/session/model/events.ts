import { SPEECH_FORMAT } from '../../../src/pcm/format.js';
import type { InnerEvent, SessionEvent } from '../../../src/session/events.js';

type Outer = Exclude<SessionEvent, InnerEvent>;

/** Where the hotword of the samples ended, and where the speech began that interrupts. */
export const HOTWORD_ENDED_AT = 16_000;
export const SPEECH_STARTED_AT = 12_345;

/**
 * Everything that can be told to the machine from outside, at least one sample of each kind. A new kind of event does
 * not compile before it has its samples here.
 */
const SAMPLES: { [K in Outer['type']]: readonly Extract<Outer, { type: K }>[] } = {
  'mic.ready': [{ type: 'mic.ready' }],
  'mic.lost': [{ type: 'mic.lost', why: 'unplugged' }],
  'engine.ready': [{ type: 'engine.ready' }],
  'engine.lost': [{ type: 'engine.lost', why: 'crashed' }],
  'speaker.lost': [{ type: 'speaker.lost', why: 'unplugged' }],
  hotword: [{ type: 'hotword', phrase: 'hey tars', score: 0.9, endedAt: HOTWORD_ENDED_AT }],
  trigger: [{ type: 'trigger', source: 'key' }],
  'person.interrupted': [{ type: 'person.interrupted', startedAt: SPEECH_STARTED_AT }],
  stop: [{ type: 'stop' }],
  'stop.spoken': [{ type: 'stop.spoken', phrase: 'stop' }],
  mute: [{ type: 'mute' }],
  unmute: [{ type: 'unmute' }],
  'person.spoke': [{ type: 'person.spoke' }],
  'link.up': [{ type: 'link.up' }],
  'link.down': [{ type: 'link.down', reason: 'peer silent' }],
  'server.replyStarted': [{ type: 'server.replyStarted', format: SPEECH_FORMAT }],
  'server.replyAudio': [{ type: 'server.replyAudio' }],
  'server.replyEnded': [{ type: 'server.replyEnded' }],
  'server.sessionEnded': [{ type: 'server.sessionEnded', reason: 'server' }],
  'reply.held': [
    { type: 'reply.held', hold: true },
    { type: 'reply.held', hold: false },
  ],
  announcement: [{ type: 'announcement', format: SPEECH_FORMAT }],
  'playback.drained': [{ type: 'playback.drained' }],
  'playback.failed': [{ type: 'playback.failed', why: 'no device' }],
  shutdown: [{ type: 'shutdown' }],
};

/** The samples in one list. */
export const OUTER_EVENTS: readonly Outer[] = Object.values(SAMPLES).flat();

/** One second passes. */
export const SECOND = { type: 'a second passes' } as const;

/** What a step of the model is made of. */
export type ModelEvent = Outer | typeof SECOND;

/** An event as text: its type, and what it carries. */
export function textOf(event: ModelEvent): string {
  const { type, ...rest } = event;
  return Object.keys(rest).length > 0 ? `${type} ${JSON.stringify(rest)}` : type;
}
