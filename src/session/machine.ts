import { machineSetup } from './machine-setup.js';
import {
  abandonReply,
  announce,
  beginReply,
  completeReplies,
  countTurn,
  cue,
  duringPlayback,
  endBy,
  endByServer,
  finishReply,
  forgetReply,
  noteHeld,
  route,
  settleLater,
  silenceAnnouncement,
  tellEnded,
  watchIdle,
  watchStall,
} from './moves.js';

const { assign, cancel, enqueueActions, raise } = machineSetup;

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
    isGated: false,
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
        announcement: { target: 'announcement', actions: announce },
      },
    },
    announcement: {
      description: 'a sound plays that an app of the server wants heard; the microphone is gated, the engine armed',
      exit: [silenceAnnouncement, ...forgetReply],
      always: { guard: 'isUnready', target: 'idle' },
      after: { drainLimit: 'listening' },
      on: {
        'playback.drained': 'listening',
        'playback.failed': 'listening',
        hotword: { guard: 'mayInterrupt', target: 'hotwordDetected' },
        trigger: 'hotwordDetected',
        stop: 'listening',
        'stop.spoken': { guard: 'mayInterrupt', target: 'listening' },
        mute: {
          target: 'idle',
          actions: [
            assign({ isMuted: true, isMicReady: false }),
            { type: 'capture', params: { isOn: false } },
            cue('muted'),
          ],
        },
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
            'timeout.settle': { actions: [route({ to: 'server' }), ...forgetReply] },
            'timeout.arm': { actions: assign({ isArmed: true }) },
            'timeout.reply': { actions: assign({ isOverLimit: true }) },
            'server.replyStarted': [
              { guard: 'isOverLimit', ...endBy('reply limit', 'error') },
              { target: 'reply', actions: beginReply },
            ],
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
            'timeout.reply': { actions: [assign({ isOverLimit: true }), { type: 'reply', params: { do: 'seal' } }] },
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
              { target: 'userTurn', actions: [countTurn, assign({ isHeld: false }), settleLater] },
            ],
          },
        },
      },
    },
  },
});
