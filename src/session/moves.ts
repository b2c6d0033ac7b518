import type { CueName } from '../cues/cues.js';
import type { EndReason } from '../protocol/protocol.js';
import type { MicRoute } from './events.js';
import { machineSetup } from './machine-setup.js';

const { assign, cancel, enqueueActions, raise } = machineSetup;

/** The order to lead the microphone another way. */
export const route = (params: MicRoute) => ({ type: 'route', params }) as const;
/** The order to sound a cue. */
export const cue = (name: CueName) => ({ type: 'cue', params: { name } }) as const;

/** From now on the person has `idleLimit` to say something. */
export const watchIdle = raise({ type: 'timeout.idle' }, { delay: 'idleLimit', id: 'idle' });
/** The microphone opens when the room has died down after a reply. */
export const settleLater = raise({ type: 'timeout.settle' }, { delay: 'settle', id: 'settle' });
/** The next turn of the person. */
export const countTurn = assign({ turn: ({ context }) => context.turn + 1 });

/** From now on the reply has `replyStall` to go on; a server that is held back is not expected to go on. */
export const watchStall = enqueueActions(({ context, enqueue }) => {
  enqueue.cancel('stall');
  if (!context.isHeld) enqueue.raise({ type: 'timeout.stall' }, { delay: 'replyStall', id: 'stall' });
});

/** Whether the server is held back, as the reply buffer says. */
export const noteHeld = assign({ isHeld: ({ event }) => event.type === 'reply.held' && event.hold });

/** What began with a reply ends when the microphone opens: replies between which it does not are one to the person. */
export const forgetReply = [
  cancel('arm'),
  cancel('replyLimit'),
  assign({ isGated: false, isArmed: false, isHeld: false, isOverLimit: false }),
];

/** One completion for each reply the server waits for, however they ended. */
export const completeReplies = enqueueActions(({ context, enqueue }) => {
  for (let due = context.repliesDue; due > 0; due--) enqueue({ type: 'tell', params: { type: 'playback.complete' } });
  enqueue.assign({ repliesDue: 0 });
});

/** A reply that is cut short: silence, and the server is told that no more of it will be heard. */
export const abandonReply = enqueueActions(({ context, enqueue }) => {
  if (context.repliesDue === 0) return;
  enqueue({ type: 'reply', params: { do: 'clear' } });
  for (let due = context.repliesDue; due > 1; due--) enqueue({ type: 'tell', params: { type: 'playback.complete' } });
  enqueue({ type: 'tell', params: { type: 'interrupted' } });
  enqueue.assign({ repliesDue: 0 });
});

/** The server is told that the session ended on this side, unless it ended the session itself. */
export const tellEnded = (reason: EndReason) =>
  enqueueActions(({ context, enqueue }) => {
    if (!context.isEndedByServer) enqueue({ type: 'tell', params: { type: 'session.ended', reason } });
    enqueue({ type: 'noteEnded', params: { reason } });
  });

/** Leaves the conversation for a reason of this side's. */
export const endBy = (reason: EndReason, name: CueName) => ({
  target: '#session.listening' as const,
  actions: [tellEnded(reason), cue(name)],
});

/** The reply is over for this device: the server hears so before anything else is done about it. */
export const finishReply = (outcome: 'reply.over' | 'reply.broken') => ({
  actions: [completeReplies, raise({ type: outcome })],
});

/** The server ended the conversation and nothing of it is left to play. */
export const endByServer = {
  target: '#session.listening' as const,
  actions: [{ type: 'noteEnded' as const, params: { reason: 'server' } }, cue('over')],
};

/** What a reply begins with when nothing plays. */
export const beginReply = [
  assign({ repliesDue: 1 }),
  // The engine listens from the start, so that a hotword which began too early to count is at least over by then.
  enqueueActions(({ context: { bargeIn, isArmed }, enqueue }) => {
    enqueue(route({ to: 'gate', armed: isArmed || bargeIn === 'off' ? bargeIn : 'hotword' }));
  }),
  enqueueActions(({ event, enqueue }) => {
    if (event.type === 'server.replyStarted') enqueue({ type: 'reply', params: { do: 'begin', format: event.format } });
  }),
  // A server that pauses for less than the microphone takes to open must not have a new limit with every sentence.
  enqueueActions(({ context, enqueue }) => {
    if (context.isGated) return;
    enqueue.raise({ type: 'timeout.reply' }, { delay: 'replyLimit', id: 'replyLimit' });
    enqueue.raise({ type: 'timeout.arm' }, { delay: 'bargeInAfter', id: 'arm' });
  }),
  assign({ isGated: true }),
];

/**
 * What a sound begins with that is no reply. The hotword counts at once, since it may be short, or the word may have begun
 * before it. Speech is not armed: people may talk about what they hear.
 */
export const announce = [
  enqueueActions(({ context, event, enqueue }) => {
    enqueue(route({ to: 'gate', armed: context.bargeIn === 'off' ? 'off' : 'hotword' }));
    if (event.type === 'announcement') {
      enqueue({ type: 'reply', params: { do: 'announce', format: event.format } });
    }
  }),
  assign({ isArmed: true }),
];

/** A sound that is no reply is silent once it is left, however that came; one that was heard to its end is so already. */
export const silenceAnnouncement = enqueueActions(({ event, enqueue }) => {
  if (event.type !== 'playback.drained') enqueue({ type: 'reply', params: { do: 'clear' } });
});

/** The person's turn begins in the middle of a reply: what they say is sent from its beginning. */
const interrupt = [
  abandonReply,
  countTurn,
  ...forgetReply,
  enqueueActions(({ event, enqueue }) => {
    if (event.type === 'hotword') enqueue(route({ to: 'server', from: event.endedAt }));
    if (event.type === 'person.interrupted') enqueue(route({ to: 'server', from: event.startedAt }));
  }),
];

/** What a playing reply takes in both of its states. */
export const duringPlayback = {
  // Forbidden until armed, or the conversation's own answer to the event would be taken.
  'stop.spoken': [{ guard: 'mayInterrupt' as const, ...endBy('user', 'over') }, {}],
  'playback.failed': finishReply('reply.broken'),
  'timeout.arm': {
    actions: [
      assign({ isArmed: true }),
      enqueueActions(({ context, enqueue }) => {
        if (context.bargeIn === 'speech') enqueue(route({ to: 'gate', armed: 'speech' }));
      }),
    ],
  },
  hotword: [
    {
      guard: 'mayBeginAnew' as const,
      target: '#session.hotwordDetected' as const,
      actions: { type: 'noteEnded' as const, params: { reason: 'server' } },
    },
    {
      guard: 'mayInterrupt' as const,
      target: '#session.activeSession.userTurn' as const,
      actions: interrupt,
    },
  ],
  'person.interrupted': {
    guard: 'mayInterruptBySpeech' as const,
    target: '#session.activeSession.userTurn' as const,
    actions: interrupt,
  },
};
