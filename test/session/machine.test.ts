import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor } from 'xstate';
import { SPEECH_FORMAT } from '../../src/pcm/format.js';
import type { BargeIn, SessionEvent } from '../../src/session/events.js';
import { sessionMachine } from '../../src/session/machine.js';
import { nameOfState } from '../../src/session/words.js';
import { FakeClock } from '../link/support.js';
import { LIMITS } from './limits.js';

const HOTWORD: SessionEvent = { type: 'hotword', phrase: 'hey tars', score: 0.9, endedAt: 16_000 };
const START_REPLY: SessionEvent = { type: 'server.replyStarted', format: SPEECH_FORMAT };
const ANNOUNCE: SessionEvent = { type: 'announcement', format: SPEECH_FORMAT };

/** The machine with orders that are only written down. */
function bench(bargeIn: BargeIn = 'hotword') {
  const clock = new FakeClock();
  const orders: string[] = [];
  const note = (name: string) => (_: unknown, params?: unknown) => {
    orders.push(
      [
        name,
        ...Object.values((params ?? {}) as object).map((value) => (typeof value === 'object' ? '{}' : value)),
      ].join(' '),
    );
  };
  const machine = sessionMachine.provide({
    actions: {
      route: note('route'),
      capture: note('capture'),
      tell: note('tell'),
      cue: note('cue'),
      hurryLink: note('hurryLink'),
      tempo: note('tempo'),
      reply: note('reply'),
      noteStarted: note('noteStarted'),
      noteEnded: note('noteEnded'),
    },
  });
  const actor = createActor(machine, {
    input: { limits: LIMITS, bargeIn },
    clock: {
      setTimeout: (callback: () => void, ms: number) => clock.setTimeout(callback, ms),
      clearTimeout: (timer: number) => clock.clearTimeout(timer),
    },
  });
  actor.start();
  const send = (...events: (SessionEvent | SessionEvent['type'])[]) => {
    for (const event of events) actor.send((typeof event === 'string' ? { type: event } : event) as SessionEvent);
  };
  return {
    clock,
    send,
    /** What was ordered since the last call. */
    orders: () => orders.splice(0),
    state: () => nameOfState(actor.getSnapshot()),
    turn: () => actor.getSnapshot().context.turn,
  };
}

const READY = ['mic.ready', 'engine.ready'] as const;
const IN_SESSION = [...READY, HOTWORD, 'link.up'] as const;
const IN_REPLY = [...IN_SESSION, START_REPLY] as const;
const IN_DRAINING = [...IN_REPLY, 'server.replyEnded'] as const;
const IN_ANNOUNCEMENT = [...READY, ANNOUNCE] as const;

describe('session machine: getting ready', () => {
  it('listens only when microphone and engine are ready and it is not muted', () => {
    const { send, state } = bench();
    assert.equal(state(), 'idle');
    send('mic.ready');
    assert.equal(state(), 'idle');
    send('engine.ready');
    assert.equal(state(), 'listening');
    send('mic.lost');
    assert.equal(state(), 'idle');
  });

  it('closes the capture when muted, wherever it is', () => {
    for (const way of [READY, IN_SESSION, IN_REPLY, IN_DRAINING, [...READY, HOTWORD], IN_ANNOUNCEMENT]) {
      const { send, state, orders } = bench();
      send(...way);
      orders();
      send('mute');
      assert.equal(state(), 'idle');
      assert.ok(orders().includes('capture false'));
      send('mic.ready');
      assert.equal(state(), 'idle', 'a late word of the microphone does not end the mute');
      send('unmute');
      assert.deepEqual(
        orders().filter((order) => order.startsWith('capture')),
        ['capture true'],
      );
      send('mic.ready');
      assert.equal(state(), 'listening');
    }
  });

  it('sounds a cue when it is muted, behind what it silences, and another when it is not any more, each once', () => {
    const SILENT = [['engine.ready'], READY, [...READY, HOTWORD], IN_SESSION] as const;
    const SOUNDING = [IN_REPLY, IN_DRAINING, IN_ANNOUNCEMENT] as const;
    for (const way of [...SILENT, ...SOUNDING]) {
      const { send, state, orders } = bench();
      const heard = () => orders().filter((order) => /^(cue|reply) /.test(order));
      send(...way);
      heard();
      const before = state();
      send('mute');
      const silenced = SOUNDING.some((sounding) => sounding === way) ? ['reply clear'] : [];
      assert.deepEqual(heard(), [...silenced, 'cue muted'], before);
      send('mute');
      assert.deepEqual(heard(), [], `muted twice in ${before}`);
      send('unmute');
      assert.deepEqual(heard(), ['cue unmuted'], before);
      send('unmute');
      assert.deepEqual(heard(), [], `unmuted twice in ${before}`);
    }
  });
});

describe('session machine: the hotword', () => {
  it('holds the microphone and starts the session as soon as the link answers', () => {
    const { send, state, orders } = bench();
    send(...READY);
    orders();
    send(HOTWORD);
    assert.equal(state(), 'hotwordDetected');
    assert.deepEqual(orders(), ['route hold 16000', 'hurryLink']);
    send('link.up');
    assert.equal(state(), 'activeSession.userTurn');
    assert.deepEqual(orders(), ['tempo session', 'tell session.started', 'noteStarted 1', 'route server', 'cue heard']);
  });

  it('sounds the offline cue and listens again when no link comes in time', () => {
    const { send, state, orders, clock } = bench();
    send(...READY, HOTWORD);
    orders();
    clock.advance(LIMITS.connectGraceMs - 1);
    assert.equal(state(), 'hotwordDetected');
    clock.advance(1);
    assert.equal(state(), 'listening');
    assert.deepEqual(orders(), ['cue offline', 'route engine']);
  });

  it('sounds the error cue when the microphone or the engine is lost before the session begins', () => {
    for (const type of ['mic.lost', 'engine.lost'] as const) {
      const { send, state, orders } = bench();
      send(...READY, HOTWORD);
      orders();
      send({ type, why: 'unplugged' });
      assert.equal(state(), 'idle');
      assert.deepEqual(orders(), ['cue error', 'route nowhere']);
    }
  });

  it('does nothing while idle', () => {
    const { send, state, orders } = bench();
    send(HOTWORD);
    assert.equal(state(), 'idle');
    assert.deepEqual(
      orders().filter((order) => order.startsWith('tell')),
      [],
    );
  });
});

describe("session machine: the person's turn", () => {
  it('ends after the turn limit even while the person speaks on', () => {
    const { send, state, orders, clock } = bench();
    send(...IN_SESSION);
    orders();
    for (let ms = 0; ms < LIMITS.turnLimitMs; ms += 500) {
      assert.equal(state(), 'activeSession.userTurn');
      send('person.spoke');
      clock.advance(500);
    }
    assert.equal(state(), 'listening');
    assert.deepEqual(orders(), [
      'tempo idle',
      'tell session.ended turn limit',
      'noteEnded turn limit',
      'cue over',
      'route engine',
    ]);
  });

  it('ends after silence, counted from the last word', () => {
    const { send, state, orders, clock } = bench();
    send(...IN_SESSION);
    clock.advance(LIMITS.idleLimitMs - 1);
    send('person.spoke');
    clock.advance(LIMITS.idleLimitMs - 1);
    assert.equal(state(), 'activeSession.userTurn');
    orders();
    clock.advance(1);
    assert.equal(state(), 'listening');
    assert.ok(orders().includes('tell session.ended silence'));
  });

  it('ends without an echo when the server ends it', () => {
    const { send, state, orders } = bench();
    send(...IN_SESSION);
    orders();
    send({ type: 'server.sessionEnded', reason: 'server' });
    assert.equal(state(), 'listening');
    assert.deepEqual(orders(), ['tempo idle', 'noteEnded server', 'cue over', 'route engine']);
  });
});

describe('session machine: the reply', () => {
  it('gates the microphone, plays out, completes once, and settles before the next turn', () => {
    const { send, state, orders, clock, turn } = bench();
    send(...IN_SESSION);
    orders();
    send(START_REPLY);
    assert.equal(state(), 'activeSession.reply');
    assert.deepEqual(orders(), ['route gate hotword', 'reply begin {}']);
    send('server.replyAudio', 'server.replyEnded');
    assert.equal(state(), 'activeSession.draining');
    assert.deepEqual(orders(), ['reply end']);
    send('playback.drained');
    assert.equal(state(), 'activeSession.userTurn');
    assert.deepEqual(orders(), ['tell playback.complete']);
    assert.equal(turn(), 2);
    clock.advance(LIMITS.settleMs - 1);
    assert.deepEqual(orders(), []);
    clock.advance(1);
    assert.deepEqual(orders(), ['route server']);
  });

  it('takes a stalled reply for ended, but not while the server is held back', () => {
    const { send, state, clock } = bench();
    send(...IN_REPLY);
    clock.advance(LIMITS.replyStallMs - 1);
    send('server.replyAudio');
    clock.advance(LIMITS.replyStallMs - 1);
    send({ type: 'reply.held', hold: true });
    clock.advance(LIMITS.replyStallMs * 2);
    assert.equal(state(), 'activeSession.reply');
    send({ type: 'reply.held', hold: false });
    clock.advance(LIMITS.replyStallMs);
    assert.equal(state(), 'activeSession.draining');
  });

  it('completes a reply that could not be played, tells the server, and listens again', () => {
    for (const way of [IN_REPLY, IN_DRAINING]) {
      const { send, state, orders } = bench();
      send(...way);
      orders();
      send({ type: 'playback.failed', why: 'no device' });
      assert.equal(state(), 'listening');
      assert.deepEqual(
        orders().filter((order) => order.startsWith('tell')),
        ['tell playback.complete', 'tell session.ended speaker lost'],
      );
    }
  });

  it('ends a reply that never ends, and one that never plays out', () => {
    const endless = bench();
    endless.send(...IN_REPLY);
    for (let ms = 0; ms < LIMITS.replyLimitMs; ms += 5_000) {
      endless.send('server.replyAudio');
      endless.clock.advance(5_000);
    }
    assert.equal(endless.state(), 'listening');
    const stuck = bench();
    stuck.send(...IN_DRAINING);
    stuck.orders();
    stuck.clock.advance(LIMITS.drainLimitMs);
    assert.equal(stuck.state(), 'listening');
    assert.ok(stuck.orders().includes('reply clear'), 'what does not play out is not left playing');
  });

  it('plays out what the server sent before it ended the session, then listens', () => {
    const { send, state, orders } = bench();
    send(...IN_REPLY, { type: 'server.sessionEnded', reason: 'server' });
    assert.equal(state(), 'activeSession.draining');
    orders();
    send('playback.drained');
    assert.equal(state(), 'listening');
    assert.deepEqual(orders(), [
      'tell playback.complete',
      'tempo idle',
      'noteEnded server',
      'cue over',
      'route engine',
    ]);
  });

  it('does not take a server that is held back for stalled, nor one whose next reply it holds back', () => {
    const { send, state, clock } = bench();
    send(...IN_REPLY, { type: 'reply.held', hold: true }, 'server.replyAudio');
    clock.advance(LIMITS.replyStallMs * 2);
    assert.equal(state(), 'activeSession.reply');
    send('server.replyEnded', START_REPLY);
    clock.advance(LIMITS.replyStallMs * 2);
    assert.equal(state(), 'activeSession.reply');
  });

  it('cuts replies that follow one another without end', () => {
    const { send, state, orders, clock } = bench();
    send(...IN_REPLY);
    orders();
    for (let ms = 0; ms <= LIMITS.replyLimitMs; ms += 1_000) {
      send('server.replyEnded', START_REPLY);
      clock.advance(1_000);
    }
    assert.equal(state(), 'listening');
    assert.ok(orders().includes('tell session.ended reply limit'));
  });

  it('cuts replies between which the microphone does not open, however often each of them ends', () => {
    const { send, state, orders, clock } = bench();
    send(...IN_SESSION);
    orders();
    const pauseMs = LIMITS.settleMs - 100;
    for (let ms = 0; ms <= LIMITS.replyLimitMs && state() !== 'listening'; ms += 1_000) {
      send(START_REPLY, 'server.replyAudio');
      clock.advance(1_000 - pauseMs);
      send('server.replyEnded', 'playback.drained');
      clock.advance(pauseMs);
    }
    send(START_REPLY);
    assert.equal(state(), 'listening');
    assert.ok(orders().includes('tell session.ended reply limit'));
  });

  it('gives a reply its whole limit again when the microphone was open before it', () => {
    const { send, state, clock } = bench();
    send(...IN_DRAINING);
    clock.advance(LIMITS.drainLimitMs - 1_000);
    send('playback.drained');
    clock.advance(LIMITS.settleMs);
    send(START_REPLY);
    for (let ms = 0; ms < LIMITS.replyLimitMs - 1_000; ms += 1_000) {
      send('server.replyAudio');
      clock.advance(1_000);
    }
    assert.equal(state(), 'activeSession.reply');
  });

  it('lets a hotword interrupt replies that are shorter than a second each, when they have played for one', () => {
    const { send, state, clock } = bench();
    send(...IN_SESSION);
    for (let round = 0; round < 2; round++) {
      send(START_REPLY);
      clock.advance(400);
      send(HOTWORD);
      assert.equal(state(), 'activeSession.reply', `in the first second, round ${round}`);
      send('server.replyEnded', 'playback.drained');
      clock.advance(100);
    }
    send(START_REPLY);
    clock.advance(10);
    send(HOTWORD);
    assert.equal(state(), 'activeSession.userTurn');
  });

  it('takes no more audio behind the end of a reply that has played for as long as one may', () => {
    const { send, state, orders, clock } = bench();
    send(...IN_REPLY);
    for (let ms = 0; ms < LIMITS.replyLimitMs - 1_000; ms += 1_000) {
      clock.advance(1_000);
      send('server.replyAudio');
    }
    send('server.replyEnded');
    orders();
    clock.advance(1_000);
    assert.equal(state(), 'activeSession.draining');
    assert.deepEqual(orders(), ['reply seal']);
  });

  it('completes each of two replies that follow one another without a pause', () => {
    const { send, state, orders } = bench();
    send(...IN_DRAINING, START_REPLY);
    assert.equal(state(), 'activeSession.reply');
    send('server.replyEnded');
    orders();
    send('playback.drained');
    assert.deepEqual(orders(), ['tell playback.complete', 'tell playback.complete']);
  });
});

describe('session machine: an announcement', () => {
  it('however short yields to a hotword at once, and to a spoken stop', () => {
    for (const [event, next] of [
      [HOTWORD, 'hotwordDetected'],
      [{ type: 'stop.spoken', phrase: 'stop' }, 'listening'],
    ] as const) {
      const { send, state, orders } = bench();
      send(...IN_ANNOUNCEMENT);
      orders();
      send(event);
      assert.equal(state(), next);
      assert.ok(orders().includes('reply clear'));
      const off = bench('off');
      off.send(...IN_ANNOUNCEMENT, event);
      assert.equal(off.state(), 'announcement');
    }
  });
});

describe('session machine: barge-in', () => {
  it('counts from one second into the reply on, and a hotword then clears the reply', () => {
    for (const way of [IN_REPLY, IN_DRAINING]) {
      const { send, state, orders, clock } = bench();
      send(...way);
      orders();
      clock.advance(999);
      send(HOTWORD);
      assert.notEqual(state(), 'activeSession.userTurn', 'too early');
      clock.advance(1);
      send(HOTWORD);
      assert.equal(state(), 'activeSession.userTurn');
      assert.deepEqual(orders(), ['reply clear', 'tell interrupted', 'route server 16000']);
    }
  });

  it('is off when the configuration says so', () => {
    const { send, state, orders, clock } = bench('off');
    send(...IN_REPLY);
    orders();
    clock.advance(2_000);
    send(HOTWORD);
    assert.equal(state(), 'activeSession.reply');
    assert.deepEqual(orders(), []);
  });

  it('takes speech only where the configuration says so', () => {
    for (const [bargeIn, to] of [
      ['hotword', 'activeSession.reply'],
      ['speech', 'activeSession.userTurn'],
    ] as const) {
      const { send, state, orders, clock } = bench(bargeIn);
      send(...IN_REPLY);
      clock.advance(1_000);
      orders();
      send({ type: 'person.interrupted', startedAt: 12_345 });
      assert.equal(state(), to);
      const cut = ['reply clear', 'tell interrupted', 'route server 12345'];
      assert.deepEqual(orders(), bargeIn === 'speech' ? cut : []);
    }
  });

  it('opens a new session when the server had ended the one whose reply still plays', () => {
    const { send, state, orders, clock } = bench();
    send(...IN_DRAINING, { type: 'server.sessionEnded', reason: 'server' });
    orders();
    clock.advance(999);
    send(HOTWORD);
    assert.equal(state(), 'activeSession.draining', 'too early');
    clock.advance(1);
    send(HOTWORD);
    assert.equal(state(), 'hotwordDetected');
    assert.deepEqual(
      orders().filter((order) => order.startsWith('tell')),
      ['tell interrupted'],
    );
  });
});

describe('session machine: a phrase that stops', () => {
  const STOP: SessionEvent = { type: 'stop.spoken', phrase: 'stop' };

  it('silences a reply and ends the conversation, from one second into it', () => {
    for (const way of [IN_REPLY, IN_DRAINING]) {
      const { send, state, orders, clock } = bench();
      send(...way);
      orders();
      const before = state();
      clock.advance(999);
      send(STOP);
      assert.deepEqual([state(), orders()], [before, []], 'too early');
      clock.advance(1);
      send(STOP);
      assert.equal(state(), 'listening');
      assert.deepEqual(orders(), [
        'reply clear',
        'tell interrupted',
        'tempo idle',
        'tell session.ended user',
        'noteEnded user',
        'cue over',
        'route engine',
      ]);
    }
  });

  it("ends the person's turn and a wait for the connection; elsewhere there is nothing to stop", () => {
    const { send, state, orders } = bench();
    send(STOP);
    assert.equal(state(), 'idle');
    send(...READY, STOP);
    assert.equal(state(), 'listening');
    send(HOTWORD, STOP);
    assert.equal(state(), 'listening');
    orders();
    send(HOTWORD, 'link.up', STOP);
    assert.equal(state(), 'listening');
    assert.ok(orders().includes('tell session.ended user'));
  });

  it('interrupts nothing where nothing may interrupt', () => {
    const { send, state, clock } = bench('off');
    send(...IN_REPLY);
    clock.advance(2_000);
    send(STOP);
    assert.equal(state(), 'activeSession.reply');
  });
});

describe('session machine: losses', () => {
  const WAYS = { userTurn: IN_SESSION, reply: IN_REPLY, draining: IN_DRAINING };
  for (const [name, way] of Object.entries(WAYS)) {
    it(`a lost link in ${name} sounds the offline cue and listens again`, () => {
      const { send, state, orders } = bench();
      send(...way);
      orders();
      send({ type: 'link.down', reason: 'peer silent' });
      assert.equal(state(), 'listening');
      const ordered = orders();
      assert.ok(ordered.includes('cue offline'));
      assert.equal(ordered.includes('reply clear'), name !== 'userTurn');
    });

    it(`a lost microphone in ${name} ends the session and waits for the microphone`, () => {
      const { send, state, orders } = bench();
      send(...way);
      orders();
      send({ type: 'mic.lost', why: 'unplugged' });
      assert.equal(state(), 'idle');
      assert.ok(orders().includes('tell session.ended microphone lost'));
      send('mic.ready');
      assert.equal(state(), 'listening');
    });

    it(`a lost loudspeaker in ${name} ends the session`, () => {
      const { send, state, orders } = bench();
      send(...way);
      orders();
      send({ type: 'speaker.lost', why: 'unplugged' });
      assert.equal(state(), 'listening');
      const told = orders().filter((order) => order.startsWith('tell'));
      assert.deepEqual(told.slice(-1), ['tell session.ended speaker lost']);
      assert.equal(told.length, name === 'userTurn' ? 1 : 2);
    });

    it(`the end of the program in ${name} is told to the server`, () => {
      const { send, state, orders } = bench();
      send(...way);
      orders();
      send('shutdown');
      assert.equal(state(), 'idle');
      assert.ok(orders().includes('tell session.ended shutdown'));
    });

    it(`a person can end the conversation in ${name}`, () => {
      const { send, state, orders } = bench();
      send(...way);
      orders();
      send('stop');
      assert.equal(state(), 'listening');
      assert.ok(orders().includes('tell session.ended user'));
    });
  }
});
