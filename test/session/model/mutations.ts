import { forgetReply } from '../../../src/session/moves.js';
import { type ChartState, type ChartTransition, chartOf, stateAt } from './chart.js';

/** One way to get the machine wrong, and the promise that it breaks. */
export interface Mutation {
  name: string;
  breaks: string;
  /** Makes the mistake in a chart. */
  make: (chart: ChartState) => unknown;
}

const COMPLETE = { type: 'tell', params: { type: 'playback.complete' } };
const END = { type: 'tell', params: { type: 'session.ended', reason: 'user' } };

/** Mistakes that a person could make in the machine, of every kind that it has room for. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'no limit on waiting for the link',
    breaks: 'time leads back',
    make: forgetDelay('hotwordDetected', 'connectGrace'),
  },
  {
    name: 'no limit on a turn',
    breaks: 'nothing lasts for ever',
    make: forgetDelay('activeSession.userTurn', 'turnLimit'),
  },
  { name: 'no limit on silence', breaks: 'time leads back', make: forget('activeSession.userTurn', 'timeout.idle') },
  { name: 'no limit on a reply', breaks: 'time leads back', make: forget('activeSession.reply', 'timeout.reply') },
  {
    name: 'no limit on replies in a row',
    breaks: 'time leads back',
    make: (chart) => listAt(chart, 'activeSession.draining', 'server.replyStarted').shift(),
  },
  {
    name: 'no limit on replies between which the microphone does not open',
    breaks: 'time leads back',
    make: (chart) => listAt(chart, 'activeSession.userTurn', 'server.replyStarted').shift(),
  },
  {
    name: 'a reply begins anew although the microphone was not open',
    breaks: 'what may interrupt is armed',
    make: (chart) => only(chart, 'activeSession.draining', 'reply.over', 1).actions.push(...forgetReply),
  },
  {
    name: 'a stalled reply goes unnoticed',
    breaks: 'time leads back',
    make: forget('activeSession.reply', 'timeout.stall'),
  },
  {
    name: 'no limit on playing out',
    breaks: 'time leads back',
    make: forgetDelay('activeSession.draining', 'drainLimit'),
  },
  {
    name: 'no limit on an announcement',
    breaks: 'time leads back',
    make: forgetDelay('announcement', 'drainLimit'),
  },
  {
    name: 'an announcement plays on over what comes next',
    breaks: 'a reply that has ended plays out',
    make: (chart) => stateAt(chart, 'announcement').exit.shift(),
  },
  {
    name: 'an announcement opens the microphone',
    breaks: 'the microphone goes to the server only in the turn of the person',
    make: (chart) => only(chart, 'listening', 'announcement').actions.shift(),
  },
  {
    name: 'the microphone stays shut after a reply',
    breaks: 'the microphone opens',
    make: forget('activeSession.userTurn', 'timeout.settle'),
  },
  {
    name: 'the microphone stays open in a reply',
    breaks: 'the microphone goes to the server only in the turn of the person',
    make: (chart) => only(chart, 'activeSession.userTurn', 'server.replyStarted', 1).actions.splice(1, 1),
  },
  {
    name: 'a lost link is not noticed in a conversation',
    breaks: 'a loss or a wish ends the conversation at once',
    make: forget('activeSession', 'link.down'),
  },
  {
    name: 'a lost microphone only counts outside a conversation',
    breaks: 'idle has a cause',
    make: forget('activeSession', 'mic.lost'),
  },
  {
    name: 'a hotword interrupts from the first word of a reply on',
    breaks: 'a reply is interrupted only by what may',
    make: unguard('activeSession.reply', 'hotword', 1),
  },
  {
    name: 'speech interrupts a farewell',
    breaks: 'a reply is interrupted only by what may',
    make: unguard('activeSession.draining', 'person.interrupted'),
  },
  {
    name: 'a session that the server ended goes on',
    breaks: 'the server may end it',
    make: (chart) => listAt(chart, 'activeSession.draining', 'reply.over').shift(),
  },
  {
    name: 'a farewell is cut off',
    breaks: 'the server may end it',
    make: forget('activeSession.reply', 'server.sessionEnded'),
  },
  {
    name: 'the link leads past the conversation',
    breaks: 'who asks is heard',
    make: aim('hotwordDetected', 'link.up', 'listening'),
  },
  {
    name: 'two completions',
    breaks: 'one completion a reply',
    make: add('activeSession.draining', 'playback.drained', COMPLETE),
  },
  {
    name: 'a completion before the last sample',
    breaks: 'no early completion',
    make: add('activeSession.reply', 'server.replyEnded', COMPLETE),
  },
  {
    name: 'an end that the server is not told of',
    breaks: 'the server is told',
    make: (chart) => only(chart, 'activeSession', 'stop').actions.shift(),
  },
  {
    name: 'an echo of an end that the server told of',
    breaks: 'the server is told',
    make: add('activeSession', 'server.sessionEnded', END),
  },
  {
    name: 'a second reply over the first',
    breaks: 'one reply at a time',
    make: add('activeSession.draining', 'server.replyStarted', { type: 'reply', params: { do: 'begin' } }),
  },
  {
    name: 'a cue over a reply',
    breaks: 'no cue over a reply',
    make: add('activeSession.reply', 'server.replyEnded', { type: 'cue', params: { name: 'over' } }),
  },
  {
    name: 'an abandoned reply plays on',
    breaks: 'one completion a reply',
    make: (chart) => stateAt(chart, 'activeSession').exit.shift(),
  },
  {
    name: 'mute leaves the capture open',
    breaks: 'muted means no capture',
    make: (chart) => only(chart, '', 'mute').actions.splice(1, 1),
  },
  {
    name: 'a device that is not ready listens',
    breaks: 'idle has a cause',
    make: (chart) => stateAt(chart, 'listening').always.pop(),
  },
  {
    name: 'the link is not hurried',
    breaks: 'nothing said is lost',
    make: (chart) => stateAt(chart, 'hotwordDetected').entry.pop(),
  },
  {
    name: 'the link stays in a hurry',
    breaks: 'the link hurries in a conversation',
    make: (chart) => stateAt(chart, 'activeSession').exit.pop(),
  },
  {
    name: 'a lost link is silent',
    breaks: 'an end is heard',
    make: (chart) => only(chart, 'activeSession', 'link.down').actions.pop(),
  },
  {
    name: 'a word does not count against silence',
    breaks: 'silence is silence',
    make: forget('activeSession.userTurn', 'person.spoke'),
  },
  {
    name: 'audio does not count against a stall',
    breaks: 'a reply that goes on has not stalled',
    make: forget('activeSession.reply', 'server.replyAudio'),
  },
  {
    name: 'a server that is held back has stalled',
    breaks: 'a reply that goes on has not stalled',
    make: forget('activeSession.reply', 'reply.held'),
  },
];

/** The chart with one mistake in it. */
export function mutated({ make }: Mutation): ChartState {
  const chart = chartOf();
  make(chart);
  return chart;
}

type Change = Mutation['make'];

function forget(path: string, event: string): Change {
  return (chart) => {
    listAt(chart, path, event);
    delete stateAt(chart, path).on[event];
  };
}

function forgetDelay(path: string, delay: string): Change {
  return (chart) => {
    if (!stateAt(chart, path).after[delay]) throw new Error(`the chart has no delay ${delay} in ${path}`);
    delete stateAt(chart, path).after[delay];
  };
}

function unguard(path: string, event: string, index = 0): Change {
  return (chart) => {
    delete only(chart, path, event, index).guard;
  };
}

function aim(path: string, event: string, target: string): Change {
  return (chart) => {
    only(chart, path, event).target = target;
  };
}

function add(path: string, event: string, action: object): Change {
  return (chart) => {
    for (const { actions } of listAt(chart, path, event)) actions.push(action);
  };
}

function listAt(chart: ChartState, path: string, event: string): ChartTransition[] {
  const list = stateAt(chart, path).on[event];
  if (!list) throw new Error(`the chart has no ${event} in ${path}`);
  return list;
}

function only(chart: ChartState, path: string, event: string, index = 0): ChartTransition {
  const one = listAt(chart, path, event)[index];
  if (!one) throw new Error(`the chart has no ${event} [${index}] in ${path}`);
  return one;
}
