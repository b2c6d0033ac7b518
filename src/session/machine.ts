import { setup } from 'xstate';
import type { CueName } from '../cues/cues.js';
import type { EndReason } from '../protocol/protocol.js';
import type { MicRoute, Order, SessionContext, SessionEvent, SessionInput } from './events.js';

/** A hotword interrupts a reply from here on: the reply's own first words are the likeliest false alarm. */
const BARGE_IN_AFTER_MS = 1000;

/** An order that nobody was given: `session.ts` provides them all. */
function unprovided(): never {
  throw new Error('the session machine was started without its orders');
}

const machineSetup = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    input: {} as SessionInput,
  },
  delays: {
    connectGrace: ({ context }) => context.limits.connectGraceMs,
    turnLimit: ({ context }) => context.limits.turnLimitMs,
    idleLimit: ({ context }) => context.limits.idleLimitMs,
    replyStall: ({ context }) => context.limits.replyStallMs,
    replyLimit: ({ context }) => context.limits.replyLimitMs,
    settle: ({ context }) => context.limits.settleMs,
    bargeInAfter: BARGE_IN_AFTER_MS,
    drainLimit: ({ context }) => context.limits.drainLimitMs,
  },
  guards: {
    isReady: ({ context: { isMicReady, isEngineReady, isMuted, isStopping } }) =>
      isMicReady && isEngineReady && !isMuted && !isStopping,
    isUnready: ({ context: { isMicReady, isEngineReady, isMuted, isStopping } }) =>
      !isMicReady || !isEngineReady || isMuted || isStopping,
    isEndedByServer: ({ context }) => context.isEndedByServer,
    mayInterrupt: ({ context }) => context.bargeIn !== 'off' && context.isArmed,
    mayInterruptBySpeech: ({ context }) => context.bargeIn === 'speech' && context.isArmed && !context.isEndedByServer,
    mayBeginAnew: ({ context }) => context.bargeIn !== 'off' && context.isArmed && context.isEndedByServer,
    isOverLimit: ({ context }) => context.isOverLimit,
    isMuted: ({ context }) => context.isMuted,
    isUnmuted: ({ context }) => !context.isMuted,
  },
  actions: {
    route: (_, _route: Order<'route'>) => unprovided(),
    capture: (_, _order: Order<'capture'>) => unprovided(),
    tell: (_, _event: Order<'tell'>) => unprovided(),
    cue: (_, _order: Order<'cue'>) => unprovided(),
    hurryLink: () => unprovided(),
    tempo: (_, _order: Order<'tempo'>) => unprovided(),
    reply: (_, _order: Order<'reply'>) => unprovided(),
    noteStarted: (_, _note: Order<'noteStarted'>) => unprovided(),
    noteEnded: (_, _note: Order<'noteEnded'>) => unprovided(),
  },
});

const route = (params: MicRoute) => ({ type: 'route', params }) as const;
const cue = (name: CueName) => ({ type: 'cue', params: { name } }) as const;
const { assign, cancel, enqueueActions, raise } = machineSetup;

const watchIdle = raise({ type: 'timeout.idle' }, { delay: 'idleLimit', id: 'idle' });
const limitReply = raise({ type: 'timeout.reply' }, { delay: 'replyLimit', id: 'replyLimit' });
const armLater = raise({ type: 'timeout.arm' }, { delay: 'bargeInAfter', id: 'arm' });
const settleLater = raise({ type: 'timeout.settle' }, { delay: 'settle', id: 'settle' });
const countTurn = assign({ turn: ({ context }) => context.turn + 1 });

/** From now on; a server that is held back is not expected to go on. */
const watchStall = enqueueActions(({ context, enqueue }) => {
  enqueue.cancel('stall');
  if (!context.isHeld) enqueue.raise({ type: 'timeout.stall' }, { delay: 'replyStall', id: 'stall' });
});

const noteHeld = assign({ isHeld: ({ event }) => event.type === 'reply.held' && event.hold });

/** What began with the reply ends with it. */
const forgetReply = [
  cancel('arm'),
  cancel('replyLimit'),
  assign({ isArmed: false, isHeld: false, isOverLimit: false }),
];

/** One completion for each reply the server waits for, however they ended. */
const completeReplies = enqueueActions(({ context, enqueue }) => {
  for (let due = context.repliesDue; due > 0; due--) enqueue({ type: 'tell', params: { type: 'playback.complete' } });
  enqueue.assign({ repliesDue: 0 });
});

/** A reply that is cut short: silence, and the server is told that no more of it will be heard. */
const abandonReply = enqueueActions(({ context, enqueue }) => {
  if (context.repliesDue === 0) return;
  enqueue({ type: 'reply', params: { do: 'clear' } });
  for (let due = context.repliesDue; due > 1; due--) enqueue({ type: 'tell', params: { type: 'playback.complete' } });
  enqueue({ type: 'tell', params: { type: 'interrupted' } });
  enqueue.assign({ repliesDue: 0 });
});

/** The server is told that the session ended on this side, unless it ended the session itself. */
const tellEnded = (reason: EndReason) =>
  enqueueActions(({ context, enqueue }) => {
    if (!context.isEndedByServer) enqueue({ type: 'tell', params: { type: 'session.ended', reason } });
    enqueue({ type: 'noteEnded', params: { reason } });
  });

/** Leaves the conversation for a reason of this side's. */
const endBy = (reason: EndReason, name: CueName) => ({
  target: '#session.listening' as const,
  actions: [tellEnded(reason), cue(name)],
});

/** The reply is over for this device: the server hears so before anything else is done about it. */
const finishReply = (outcome: 'reply.over' | 'reply.broken') => ({
  actions: [completeReplies, raise({ type: outcome })],
});

/** The server ended the conversation and nothing of it is left to play. */
const endByServer = {
  target: '#session.listening' as const,
  actions: [{ type: 'noteEnded' as const, params: { reason: 'server' } }, cue('over')],
};

const beginReply = [
  assign({ repliesDue: 1 }),
  // The engine listens from the start, so that a hotword which began too early to count is at least over by then.
  enqueueActions(({ context, enqueue }) => {
    enqueue(route({ to: 'gate', armed: context.bargeIn === 'off' ? 'off' : 'hotword' }));
  }),
  enqueueActions(({ event, enqueue }) => {
    if (event.type === 'server.replyStarted') enqueue({ type: 'reply', params: { do: 'begin', format: event.format } });
  }),
  armLater,
  limitReply,
];

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
const duringPlayback = {
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

/**
 * The conversation as a statechart, without any I/O: it gives orders (`SessionOrders`) and is told events
 * (`SessionEvent`). Every state but `idle` and `listening` has a limit after which it returns to `listening`.
 */
export const sessionMachine = machineSetup.createMachine({
  id: 'session',
  context: ({ input }) => ({
    ...input,
    isMicReady: false,
    isEngineReady: false,
    isMuted: false,
    isStopping: false,
    turn: 0,
    repliesDue: 0,
    isArmed: false,
    isHeld: false,
    isOverLimit: false,
    isEndedByServer: false,
  }),
  initial: 'idle',
  on: {
    'mic.ready': { guard: 'isUnmuted', actions: assign({ isMicReady: true }) },
    'mic.lost': { actions: assign({ isMicReady: false }) },
    'engine.ready': { actions: assign({ isEngineReady: true }) },
    'engine.lost': { actions: assign({ isEngineReady: false }) },
    mute: {
      guard: 'isUnmuted',
      actions: [
        assign({ isMuted: true, isMicReady: false }),
        { type: 'capture', params: { isOn: false } },
        cue('muted'),
      ],
    },
    unmute: {
      guard: 'isMuted',
      actions: [assign({ isMuted: false }), { type: 'capture', params: { isOn: true } }, cue('unmuted')],
    },
    shutdown: { actions: assign({ isStopping: true }) },
  },
  states: {
    idle: {
      description: 'cannot listen: starting, microphone or engine missing, or muted',
      entry: route({ to: 'nowhere' }),
      always: { guard: 'isReady', target: 'listening' },
    },
    listening: {
      description: 'microphone to the engine only',
      entry: route({ to: 'engine' }),
      always: { guard: 'isUnready', target: 'idle' },
      on: {
        hotword: 'hotwordDetected',
        trigger: 'hotwordDetected',
      },
    },
    hotwordDetected: {
      description: 'the link is checked or hurried; what is said is held',
      entry: [
        enqueueActions(({ event, enqueue }) => {
          enqueue(route(event.type === 'hotword' ? { to: 'hold', endedAt: event.endedAt } : { to: 'hold' }));
        }),
        'hurryLink',
      ],
      always: { guard: 'isUnready', target: 'idle' },
      after: { connectGrace: { target: 'listening', actions: cue('offline') } },
      on: {
        'link.up': 'activeSession',
        'mic.lost': { target: 'idle', actions: [assign({ isMicReady: false }), cue('error')] },
        'engine.lost': { target: 'idle', actions: [assign({ isEngineReady: false }), cue('error')] },
        'speaker.lost': { target: 'listening', actions: cue('error') },
        stop: { target: 'listening', actions: cue('over') },
        'stop.spoken': { target: 'listening', actions: cue('over') },
      },
    },
    activeSession: {
      description: 'a conversation with the server',
      entry: [
        assign({ isEndedByServer: false, repliesDue: 0 }),
        countTurn,
        { type: 'tempo', params: { tempo: 'session' } },
        { type: 'tell', params: { type: 'session.started' } },
        enqueueActions(({ context, enqueue }) => {
          enqueue({ type: 'noteStarted', params: { turn: context.turn } });
        }),
        route({ to: 'server' }),
        cue('heard'),
      ],
      exit: [abandonReply, ...forgetReply, { type: 'tempo', params: { tempo: 'idle' } }],
      initial: 'userTurn',
      on: {
        stop: endBy('user', 'over'),
        'stop.spoken': endBy('user', 'over'),
        'link.down': {
          target: 'listening',
          actions: [{ type: 'noteEnded', params: { reason: 'link lost' } }, cue('offline')],
        },
        'mic.lost': {
          target: 'idle',
          actions: [assign({ isMicReady: false }), tellEnded('microphone lost'), cue('error')],
        },
        'engine.lost': {
          target: 'idle',
          actions: [assign({ isEngineReady: false }), tellEnded('engine lost'), cue('error')],
        },
        'speaker.lost': endBy('speaker lost', 'error'),
        mute: {
          target: 'idle',
          actions: [
            tellEnded('muted'),
            assign({ isMuted: true, isMicReady: false }),
            { type: 'capture', params: { isOn: false } },
            cue('muted'),
          ],
        },
        shutdown: { target: 'idle', actions: [tellEnded('shutdown'), assign({ isStopping: true })] },
        'server.sessionEnded': endByServer,
        'reply.broken': endBy('speaker lost', 'error'),
      },
      states: {
        userTurn: {
          description: 'microphone to the server',
          entry: watchIdle,
          exit: [cancel('idle'), cancel('settle')],
          after: { turnLimit: endBy('turn limit', 'over') },
          on: {
            'person.spoke': { actions: [cancel('idle'), watchIdle] },
            'timeout.idle': endBy('silence', 'over'),
            'timeout.settle': { actions: route({ to: 'server' }) },
            'server.replyStarted': { target: 'reply', actions: beginReply },
          },
        },
        reply: {
          description: 'the reply plays; the microphone is gated, the engine armed for a barge-in',
          entry: watchStall,
          exit: cancel('stall'),
          on: {
            ...duringPlayback,
            'timeout.reply': endBy('reply limit', 'error'),
            'server.replyAudio': { actions: watchStall },
            'reply.held': { actions: [noteHeld, watchStall] },
            'server.replyEnded': { target: 'draining', actions: { type: 'reply', params: { do: 'end' } } },
            'timeout.stall': { target: 'draining', actions: { type: 'reply', params: { do: 'end' } } },
            'server.sessionEnded': {
              target: 'draining',
              actions: [assign({ isEndedByServer: true }), { type: 'reply', params: { do: 'end' } }],
            },
          },
        },
        draining: {
          description: 'the rest of the reply plays out',
          after: {
            drainLimit: {
              actions: [{ type: 'reply', params: { do: 'clear' } }, completeReplies, raise({ type: 'reply.broken' })],
            },
          },
          on: {
            ...duringPlayback,
            'reply.held': { actions: noteHeld },
            // What has come plays out, but nothing more is put behind it.
            'timeout.reply': { actions: assign({ isOverLimit: true }) },
            'server.sessionEnded': { actions: assign({ isEndedByServer: true }) },
            'server.replyStarted': [
              { guard: 'isOverLimit', ...endBy('reply limit', 'error') },
              {
                target: 'reply',
                actions: [
                  assign({ repliesDue: ({ context }) => context.repliesDue + 1 }),
                  { type: 'reply', params: { do: 'extend' } },
                ],
              },
            ],
            'playback.drained': finishReply('reply.over'),
            'reply.over': [
              { guard: 'isEndedByServer', ...endByServer },
              { target: 'userTurn', actions: [countTurn, ...forgetReply, settleLater] },
            ],
          },
        },
      },
    },
  },
});
