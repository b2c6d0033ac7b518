import type { BargeIn, SessionContext } from '../../../src/session/events.js';
import { HOTWORD_ENDED_AT, SPEECH_STARTED_AT } from './events.js';
import { BrokenPromise, type Ordered, type World } from './world.js';

/** One event that the machine took, with all that came of it. */
export interface Step {
  event: { type: string };
  from: string;
  to: string;
  before: World;
  after: World;
  context: SessionContext;
  /** How many turns further the count is. */
  turns: number;
  orders: readonly Ordered[];
}

/** What the model's clock and configuration are; seconds. */
export interface RuleLimits {
  quietS: number;
  stalledS: number;
  bargeIn: BargeIn;
}

type Check = (step: Step, limits: RuleLimits) => string | undefined;

const CONVERSATION = 'activeSession.';
const REPLY: readonly string[] = ['activeSession.reply', 'activeSession.draining'];
const isIn = (state: string) => state.startsWith(CONVERSATION);
const isReady = ({ isMicReady, isEngineReady, isMuted, isStopping }: SessionContext) =>
  isMicReady && isEngineReady && !isMuted && !isStopping;
/** What the orders of one kind say. */
function ordered<K extends Ordered['type']>({ orders }: Step, type: K): ParamsOf<K>[] {
  return orders.flatMap((order) => (order.type === type ? [order.params as ParamsOf<K>] : []));
}
type ParamsOf<K extends Ordered['type']> = Extract<Ordered, { type: K }>['params'];
const routesOf = (step: Step) => ordered(step, 'route');

/** Where the microphone may go in each state. */
const ROUTES: Record<string, readonly string[]> = {
  idle: ['nowhere'],
  listening: ['engine'],
  hotwordDetected: ['hold'],
  announcement: ['gate'],
  'activeSession.userTurn': ['server', 'gate'],
  'activeSession.reply': ['gate'],
  'activeSession.draining': ['gate'],
};

/** What ends a conversation at once, wherever it stands, and where that leads. */
const ENDS: Record<string, string> = {
  'link.down': 'listening',
  'mic.lost': 'idle',
  'engine.lost': 'idle',
  'speaker.lost': 'listening',
  mute: 'idle',
  shutdown: 'idle',
  stop: 'listening',
};

/** What ends an announcement, and where that leads. */
const LOSSES: Record<string, string> = { 'mic.lost': 'idle', 'engine.lost': 'idle', mute: 'idle', shutdown: 'idle' };

const WHOSE_REPLY_IS_LATE = ['server.replyStarted', 'server.replyAudio', 'server.replyEnded'];

/**
 * The promises that every single step must keep; a check returns what is wrong. Those of single orders are in `obey`,
 * those of time in `explore.ts`.
 */
const CHECKS: readonly (readonly [rule: string, check: Check])[] = Object.entries({
  'the microphone goes to the server only in the turn of the person': (step) => {
    const allowed = ROUTES[step.to];
    if (!allowed) return `no rule says where the microphone goes in the state ${step.to}`;
    if (!allowed.includes(step.after.route)) return `it goes to ${step.after.route} in ${step.to}`;
    const isLeak = step.to !== 'activeSession.userTurn' && routesOf(step).some(({ to }) => to === 'server');
    return isLeak ? `it went to the server for a moment on the way to ${step.to}` : undefined;
  },

  'nothing said is lost': (step) => {
    const { event, from, to } = step;
    const [route] = routesOf(step);
    if (from !== 'hotwordDetected' && to === 'hotwordDetected') {
      const endedAt = route?.to === 'hold' ? route.endedAt : undefined;
      const wanted = event.type === 'hotword' ? HOTWORD_ENDED_AT : undefined;
      if (endedAt !== wanted) return `what is said is held from ${endedAt} on instead of ${wanted}`;
      if (!step.orders.some((order) => order.type === 'hurryLink')) return 'nobody hurries the link';
    }
    if (from === 'hotwordDetected' && to === 'activeSession.userTurn') {
      if (route?.to !== 'server' || route.from !== undefined) return 'what was held is not what is sent';
    }
    if (REPLY.includes(from) && to === 'activeSession.userTurn' && event.type !== 'playback.drained') {
      const wanted = event.type === 'hotword' ? HOTWORD_ENDED_AT : SPEECH_STARTED_AT;
      if (route?.to !== 'server' || route.from !== wanted) return `an interruption is not sent from ${wanted} on`;
    }
    return undefined;
  },

  'muted means no capture': ({ context, after }) => {
    if (context.isMuted === !after.isCapturing) return undefined;
    return context.isMuted ? 'muted, and the capture is open' : 'not muted, and the capture is closed';
  },

  'mute and unmute do so': ({ event, before, after }) => {
    if (event.type === 'mute' && after.isCapturing) return 'the capture is still open after mute';
    if (event.type === 'unmute' && !after.isCapturing) return 'the capture is still closed after unmute';
    const isOther = event.type !== 'mute' && event.type !== 'unmute' && before.isCapturing !== after.isCapturing;
    return isOther ? `${event.type} opens or closes the capture` : undefined;
  },

  'idle has a cause': ({ to, context }) => {
    if (to === 'idle' && isReady(context)) return 'idle although all is ready';
    if (to !== 'idle' && !isReady(context)) return `${to} although something is missing`;
    return undefined;
  },

  'what is ready or lost is known': ({ event, context }) => {
    const known: Record<string, boolean> = {
      'mic.ready': context.isMicReady || context.isMuted,
      'mic.lost': !context.isMicReady,
      'engine.ready': context.isEngineReady,
      'engine.lost': !context.isEngineReady,
      shutdown: context.isStopping,
      mute: context.isMuted && !context.isMicReady,
      unmute: !context.isMuted,
    };
    return known[event.type] === false ? `${event.type} changed nothing` : undefined;
  },

  'who asks is heard': ({ event, from, to, before }) => {
    const isAsking = event.type === 'hotword' || event.type === 'trigger';
    if (isAsking && from === 'listening' && to !== 'hotwordDetected') return `${event.type} leads to ${to}`;
    if (event.type === 'link.up' && from === 'hotwordDetected' && to !== 'activeSession.userTurn')
      return `the link is up, and the state is ${to}`;
    return !isAsking && before.isAsked && from === 'listening' ? 'an old request is still open' : undefined;
  },

  'a loss or a wish ends the conversation at once': ({ event, from, to }) => {
    const wanted = ENDS[event.type];
    if (wanted === undefined || !isIn(from) || to === wanted) return undefined;
    return `${event.type} in ${from} leads to ${to} instead of ${wanted}`;
  },

  'an announcement plays where nobody talks, and is heard out': ({ event, from, to }) => {
    if (event.type === 'announcement' && from !== to)
      return from === 'listening' && to === 'announcement' ? undefined : `it leads from ${from} to ${to}`;
    if (event.type === 'announcement' && from === 'listening') return 'nothing plays';
    const isOver = event.type === 'playback.drained' || event.type === 'playback.failed';
    if (from !== 'announcement' || event.type === 'link.down') return undefined;
    if (isOver && to !== 'listening') return `${event.type}, and the state is ${to}`;
    const wanted = { trigger: 'hotwordDetected', stop: 'listening', ...LOSSES }[event.type];
    return wanted === undefined || to === wanted ? undefined : `${event.type} leads to ${to} instead of ${wanted}`;
  },

  'somebody who asked can take it back': ({ event, from, to }) => {
    const isStop = event.type === 'stop' || event.type === 'stop.spoken';
    const isBefore = from === 'hotwordDetected' || (isStop && from === 'activeSession.userTurn');
    if (!isBefore || !(isStop || event.type === 'speaker.lost')) return undefined;
    return to === 'listening' ? undefined : `${event.type} leads to ${to}`;
  },

  'no conversation without a link': ({ to, after }) =>
    isIn(to) && !after.isLinkUp ? `${to} without a link` : undefined,

  'the server is told': ({ to, after }) => {
    if (!isIn(to) && after.session === 'open') return `the server believes in a session, and the state is ${to}`;
    return isIn(to) && after.session === 'none' ? `${to}, and the server has no session` : undefined;
  },

  'the server may end it': ({ event, from, to, after }) => {
    if (event.type === 'server.sessionEnded' && from === 'activeSession.userTurn' && to !== 'listening')
      return `the state is ${to}`;
    if (event.type === 'server.sessionEnded' && REPLY.includes(from) && to !== 'activeSession.draining')
      return `the reply does not play out, the state is ${to}`;
    return to === 'activeSession.userTurn' && after.session === 'over' ? 'a turn after the end' : undefined;
  },

  'one completion a reply': (step) => {
    if (!REPLY.includes(step.to) && step.after.owed > 0) return `${step.after.owed} replies without one in ${step.to}`;
    const isHeard = step.event.type === 'playback.drained' && step.before.player === 'ending';
    const isCut = isHeard && ordered(step, 'tell').some(({ type }) => type === 'interrupted');
    return isCut ? 'a reply that was heard to its end is called interrupted' : undefined;
  },

  'every reply is played': (step) => {
    const { event, from, to } = step;
    if (event.type !== 'server.replyStarted') return undefined;
    if (from !== 'activeSession.userTurn' && from !== 'activeSession.draining') return undefined;
    const isPlayed = ordered(step, 'reply').some((order) => order.do !== 'end');
    const isTooMuch = ordered(step, 'tell').some((told) => 'reason' in told && told.reason === 'reply limit');
    return isPlayed || isTooMuch ? undefined : `a reply begins in ${from} and is not played, the state is ${to}`;
  },

  'a reply that has ended plays out': ({ event, from, to, after }) => {
    if (event.type === 'server.replyEnded' && from === 'activeSession.reply' && to !== 'activeSession.draining')
      return `the state is ${to}`;
    if (event.type === 'playback.drained' && from === 'activeSession.draining' && to === from)
      return 'played to its end, and still draining';
    const isEnding = to === 'activeSession.draining' || to === 'announcement';
    const wanted = to === 'activeSession.reply' ? 'playing' : isEnding ? 'ending' : 'silent';
    return after.player === wanted ? undefined : `the loudspeaker is ${after.player} in ${to}`;
  },

  'a reply that cannot be played ends the conversation': ({ event, from, to }) =>
    event.type === 'playback.failed' && REPLY.includes(from) && to !== 'listening' ? `the state is ${to}` : undefined,

  'what comes late changes nothing': ({ event, from, to }) =>
    WHOSE_REPLY_IS_LATE.includes(event.type) && !isIn(from) && from !== to ? `${event.type} leads to ${to}` : undefined,

  'a reply is interrupted only by what may': (step, { bargeIn }) => {
    const { event, from, to, before, context } = step;
    const isBySpeech = event.type === 'person.interrupted';
    const isStop = event.type === 'stop.spoken';
    const isAnnouncement = from === 'announcement';
    if (!(isAnnouncement || REPLY.includes(from)) || !(event.type === 'hotword' || isBySpeech || isStop))
      return undefined;
    if (isAnnouncement && isBySpeech) return to === from ? undefined : `speech leads to ${to}`;
    const isOver = isAnnouncement || before.session === 'over';
    const may =
      (isAnnouncement || before.playedS >= 1) && (isBySpeech ? bargeIn === 'speech' && !isOver : bargeIn !== 'off');
    const anew = isOver ? 'hotwordDetected' : 'activeSession.userTurn';
    const wanted = !may ? from : isStop ? 'listening' : anew;
    if (to !== wanted) return `${event.type} leads to ${to} instead of ${wanted}`;
    return may && context.repliesDue > 0 ? 'the reply is still due' : undefined;
  },

  'what may interrupt is armed': (step, { bargeIn }) => {
    const { event, to, before } = step;
    const armed = routesOf(step).flatMap((route) => (route.to === 'gate' ? [route.armed] : []));
    if (event.type === 'timeout.arm' && REPLY.includes(to) && bargeIn === 'speech' && !armed.includes('speech'))
      return 'speech is not listened for';
    const first = bargeIn === 'off' || before.playedS >= 1 ? bargeIn : 'hotword';
    const isBeginning = event.type === 'server.replyStarted' || event.type === 'announcement';
    const isWrong = isBeginning && armed.some((one) => one !== first);
    return isWrong ? `${event.type} with ${armed.join()} armed` : undefined;
  },

  'silence is silence': ({ event, from, before }, { quietS }) => {
    const isEnd = event.type === 'timeout.idle' && from === 'activeSession.userTurn';
    return isEnd && before.quietS < quietS ? `ended after ${before.quietS} s instead of ${quietS} s` : undefined;
  },

  'a reply that goes on has not stalled': ({ event, from, before }, { stalledS }) => {
    const isEnd = event.type === 'timeout.stall' && from === 'activeSession.reply';
    return isEnd && before.stalledS < stalledS
      ? `ended after ${before.stalledS} s instead of ${stalledS} s`
      : undefined;
  },

  'an end is heard': (step) => {
    const { event, from, to } = step;
    const cues = ordered(step, 'cue').map(({ name }) => name);
    if (cues.length > 1) return `${cues.join(' and ')} at once`;
    const isEnd = (isIn(from) && !isIn(to)) || (from === 'hotwordDetected' && !isIn(to) && to !== from);
    const isQuiet = event.type === 'shutdown' || to === 'hotwordDetected';
    if (isEnd && !isQuiet && cues.length === 0) return `${event.type} in ${from} leads to ${to} without a cue`;
    if (event.type === 'link.down' && isIn(from) && cues[0] !== 'offline') return `a lost link sounds ${cues[0]}`;
    return undefined;
  },

  'the log pairs': ({ to, after }) => (after.isNoted === isIn(to) ? undefined : `noted wrongly in ${to}`),

  'the link hurries in a conversation': ({ to, after }) =>
    (after.tempo === 'session') === isIn(to) ? undefined : `tempo ${after.tempo} in ${to}`,

  'turns are counted': ({ from, to, turns }) => {
    const wanted = to === 'activeSession.userTurn' && from !== to ? 1 : 0;
    return turns === wanted ? undefined : `${turns} turns more from ${from} to ${to}`;
  },
} satisfies Record<string, Check>);

/** Throws `BrokenPromise` for the first promise that a step breaks. */
export function checkStep(step: Step, limits: RuleLimits): void {
  for (const [rule, check] of CHECKS) {
    const wrong = check(step, limits);
    if (wrong !== undefined) throw new BrokenPromise(rule, wrong);
  }
}
