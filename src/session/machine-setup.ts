import { setup } from 'xstate';
import type { Order, SessionContext, SessionEvent, SessionInput } from './events.js';

/** A hotword interrupts a reply from here on: the reply's own first words are the likeliest false alarm. */
const BARGE_IN_AFTER_MS = 1000;

/** Stands for an order until `session.ts` provides it. */
function unprovided(): never {
  throw new Error('the session machine was started without its orders');
}

/** What the statechart is made of: its durations, its conditions and the orders that it gives. */
export const machineSetup = setup({
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
