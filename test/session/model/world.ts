import type { CueName } from '../../../src/cues/cues.js';
import type { MicRoute, Order } from '../../../src/session/events.js';

/** An order of the machine, as the model sees it. */
export type Ordered =
  | { type: 'route'; params: MicRoute }
  | { type: 'capture'; params: Order<'capture'> }
  | { type: 'tell'; params: Order<'tell'> }
  | { type: 'cue'; params: { name: CueName } }
  | { type: 'hurryLink'; params: undefined }
  | { type: 'tempo'; params: Order<'tempo'> }
  | { type: 'reply'; params: Order<'reply'> }
  | { type: 'noteStarted'; params: Order<'noteStarted'> }
  | { type: 'noteEnded'; params: Order<'noteEnded'> };

/** What the world around the machine has come to by its orders and by what happened. */
export interface World {
  isLinkUp: boolean;
  /** Somebody asked for a conversation that has not begun yet. */
  isAsked: boolean;
  /** What the server believes: no session, one, or one that it ended itself while its reply still plays here. */
  session: 'none' | 'open' | 'over';
  /** Replies that the server has not heard the end of. */
  owed: number;
  /** The loudspeaker: silent, playing a reply that goes on, or the rest of one that has ended. */
  player: 'silent' | 'playing' | 'ending';
  /** Whole seconds since a reply closed the microphone, at most 1. */
  playedS: number;
  /** Whole seconds without a word of the person, in their turn; at most the limit. */
  quietS: number;
  /** Whole seconds without a sign of the reply going on; at most the limit. */
  stalledS: number;
  /** The server is held back because it sends faster than the reply plays. */
  isHeld: boolean;
  route: MicRoute['to'];
  isCapturing: boolean;
  tempo: 'idle' | 'session';
  /** A session stands open in the log. */
  isNoted: boolean;
}

export const FIRST_WORLD: World = {
  isLinkUp: false,
  isAsked: false,
  session: 'none',
  owed: 0,
  player: 'silent',
  playedS: 0,
  quietS: 0,
  stalledS: 0,
  isHeld: false,
  route: 'nowhere',
  isCapturing: true,
  tempo: 'idle',
  isNoted: false,
};

/** An order that breaks a promise by itself; `rule` is a key of `RULES`. */
export class BrokenPromise extends Error {
  readonly rule: string;

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.rule = rule;
  }
}

/** What an event means for the world before the machine says anything about it. */
export function happen(world: World, event: { type: string; hold?: boolean }): World {
  switch (event.type) {
    case 'link.up':
      return { ...world, isLinkUp: true };
    case 'link.down':
      // The server forgets a session whose connection is gone.
      return { ...world, isLinkUp: false, session: 'none', owed: 0 };
    case 'hotword':
    case 'trigger':
      return { ...world, isAsked: true };
    case 'person.spoke':
      return { ...world, quietS: 0 };
    case 'server.replyAudio':
      return { ...world, stalledS: 0 };
    case 'reply.held':
      return { ...world, stalledS: 0, isHeld: event.hold === true && world.player !== 'silent' };
    case 'server.sessionEnded':
      return world.session === 'open' ? { ...world, session: 'over' } : world;
    case 'playback.drained':
      return world.player === 'ending' ? silence(world) : world;
    case 'playback.failed':
      return silence(world);
    default:
      return world;
  }
}

/** A second passes. The counters stop where nothing more depends on them. */
export function pass(world: World, limits: { quietS: number; stalledS: number }): World {
  return {
    ...world,
    playedS: world.route === 'gate' ? 1 : 0,
    quietS: Math.min(limits.quietS, world.quietS + 1),
    stalledS: world.isHeld ? 0 : Math.min(limits.stalledS, world.stalledS + 1),
  };
}

/** What an order does to the world. Throws `BrokenPromise` for one that must not be given now. */
export function obey(world: World, order: Ordered): World {
  switch (order.type) {
    case 'route':
      return { ...world, route: order.params.to, playedS: order.params.to === 'gate' ? world.playedS : 0 };
    case 'capture':
      return { ...world, isCapturing: order.params.isOn };
    case 'tell':
      return world.isLinkUp ? tell(world, order.params) : world;
    case 'cue':
      need(world.player === 'silent', 'no cue over a reply', `cue ${order.params.name} while a reply plays`);
      return world;
    case 'hurryLink':
      return world;
    case 'tempo':
      return { ...world, tempo: order.params.tempo };
    case 'reply':
      return play(world, order.params.do);
    case 'noteStarted':
      need(!world.isNoted, 'the log pairs', 'a session is noted as started twice');
      return { ...world, isNoted: true };
    case 'noteEnded':
      need(world.isNoted, 'the log pairs', 'a session is noted as ended that was not noted as started');
      return { ...world, isNoted: false };
  }
}

function tell(world: World, event: Order<'tell'>): World {
  switch (event.type) {
    case 'session.started':
      need(world.isAsked, 'nobody is recorded unasked', 'a session without a hotword, a button or a key');
      need(world.isCapturing, 'nobody is recorded unasked', 'a session while muted');
      need(world.session === 'none', 'the server is told', 'a session starts while the server has one');
      return { ...world, session: 'open', isAsked: false, owed: 0 };
    case 'session.ended':
      need(world.session === 'open', 'the server is told', 'the end of a session that the server does not have');
      need(world.owed === 0, 'one completion a reply', 'the session is ended before its reply is completed');
      return { ...world, session: 'none' };
    case 'playback.complete':
    case 'interrupted':
      need(world.owed > 0, 'one completion a reply', `${event.type} for no reply`);
      need(world.player === 'silent', 'no early completion', `${event.type} while the reply plays`);
      need(world.session !== 'none', 'one completion a reply', `${event.type} outside a session`);
      return { ...world, owed: world.owed - 1 };
  }
}

function play(world: World, what: Order<'reply'>['do']): World {
  switch (what) {
    case 'begin':
      need(world.player === 'silent', 'one reply at a time', 'a reply begins while another plays');
      return { ...world, player: 'playing', owed: world.owed + 1, stalledS: 0, isHeld: false };
    case 'announce':
      // All of it is there: nothing more comes, and nobody waits for its end.
      need(world.player === 'silent', 'one reply at a time', 'an announcement begins while a reply plays');
      return { ...world, player: 'ending', stalledS: 0, isHeld: false };
    case 'extend':
      need(world.player === 'ending', 'one reply at a time', 'a reply is put behind one that has not ended');
      return { ...world, player: 'playing', owed: world.owed + 1, stalledS: 0 };
    case 'end':
      need(world.player === 'playing', 'one reply at a time', 'a reply is ended that does not play');
      return { ...world, player: 'ending' };
    case 'seal':
      need(world.player === 'ending', 'one reply at a time', 'a reply is cut that may still go on');
      return world;
    case 'clear':
      return silence(world);
  }
}

function silence(world: World): World {
  return { ...world, player: 'silent', stalledS: 0, isHeld: false };
}

function need(holds: boolean, rule: string, detail: string): void {
  if (!holds) throw new BrokenPromise(rule, detail);
}
