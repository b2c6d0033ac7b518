import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventName, Events, JournalEntry } from '../../src/log.js';
import { LinkHistory } from '../../src/page/link-history.js';
import { Turns } from '../../src/page/turns.js';

const TURN = 'activeSession.userTurn';
const REPLY = 'activeSession.reply';
const DRAINING = 'activeSession.draining';

function bench() {
  let nowMs = 0;
  const turns = new Turns({ nowMs: () => nowMs, epochMs: () => 1_000_000 + nowMs });
  const note = <K extends EventName>(event: K, fields: Events[K]) => turns.note({ event, fields } as JournalEntry);
  let state = 'listening';
  return {
    turns,
    note,
    trace: (type: string) => turns.trace({ type }),
    later: (ms: number) => {
      nowMs += ms;
    },
    enter: (to: string, why = '') => {
      note('state.changed', { from: state, to, why });
      state = to;
    },
  };
}

/** Up to the first byte of the reply, 1 s after the hotword. */
function askedSomething() {
  const device = bench();
  device.note('hotword.detected', { phrase: 'hey tars', score: 0.6, engine: 'x' });
  device.trace('hotword');
  device.later(3);
  device.enter('hotwordDetected', 'hotword');
  device.enter(TURN, 'link.up');
  device.later(1.25);
  device.trace('turn.firstByteOut');
  device.trace('turn.firstByteOut');
  device.later(995.75);
  device.trace('server.replyStarted');
  device.enter(REPLY);
  return device;
}

describe('the turns that the page shows', () => {
  it('have each moment since the hotword, and are there before they are over', () => {
    const { turns, note, trace, later, enter } = askedSomething();
    assert.deepEqual(turns.rows[0]?.moments, { firstByteOut: 4.3, firstByteBack: 1000 });
    assert.equal(turns.rows[0]?.outcome, undefined);
    later(60);
    note('reply.started', { firstSampleMs: 60 });
    later(500);
    enter(DRAINING);
    later(500);
    note('reply.completed', { playedMs: 1000, lastSampleMs: 970, underruns: 1 });
    trace('playback.drained');
    enter(TURN, 'playback.drained');
    const row = turns.rows[1];
    assert.deepEqual(row?.by, { kind: 'hotword', phrase: 'hey tars', score: 0.6 });
    assert.deepEqual(row?.moments, {
      firstByteOut: 4.3,
      firstByteBack: 1000,
      firstSample: 1060,
      lastSample: 2030,
      complete: 2060,
    });
    assert.deepEqual([row?.outcome, row?.underruns], ['answered', 1]);
    assert.equal(turns.rows[0]?.by.kind, 'reply');
  });

  it('tell why the conversation ended at the last turn in which somebody spoke', () => {
    const { turns, note, enter } = askedSomething();
    enter(DRAINING);
    note('reply.completed', { playedMs: 1000, lastSampleMs: 970, underruns: 0 });
    enter(TURN, 'playback.drained');
    note('session.ended', { reason: 'silence', ms: 1 });
    enter('listening');
    assert.equal(turns.rows.length, 1);
    assert.equal(turns.rows[0]?.ended, 'silence');
  });

  it('are interrupted by a hotword, ended with the conversation, and need a connection', () => {
    const { turns, note, trace, enter } = askedSomething();
    trace('hotword');
    enter(TURN, 'hotword');
    enter(REPLY);
    note('session.ended', { reason: 'link lost', ms: 1 });
    enter('listening');
    trace('trigger');
    enter('hotwordDetected', 'trigger');
    enter('listening', 'no connection in time');
    assert.deepEqual(
      turns.rows.map(({ by, outcome }) => [by.kind, outcome]),
      [
        ['key', 'no connection in time'],
        ['hotword', 'link lost'],
        ['hotword', 'interrupted'],
      ],
    );
  });

  it('are the last twelve', () => {
    const { turns, trace, enter } = bench();
    for (let i = 0; i < 20; i++) {
      trace('trigger');
      enter('hotwordDetected', 'trigger');
      enter('listening', 'stop');
    }
    assert.equal(turns.rows.length, 12);
    assert.equal(turns.rows[0]?.id, 20);
  });
});

describe('the outages that the page shows', () => {
  it('last from the first loss to the next connection, and name the last reason', () => {
    let nowMs = 100;
    const links = new LinkHistory(() => nowMs);
    const down = (reason: string, failures: number) => {
      links.note({ event: 'link.down', fields: { code: 0, reason, retryInMs: 1, failures } });
    };
    links.note({ event: 'link.up', fields: { url: 'ws://a/', attempt: 1 } });
    assert.deepEqual([links.present, links.outages], [{ url: 'ws://a/', upSinceEpochMs: 100 }, []]);
    nowMs = 200;
    down('gone', 0);
    nowMs = 300;
    down('refused', 1);
    assert.deepEqual(links.outages, [{ fromEpochMs: 200, reason: 'refused', failures: 1 }]);
    assert.deepEqual(links.present, { url: 'ws://a/' });
    nowMs = 900;
    links.note({ event: 'link.up', fields: { url: 'ws://a/', attempt: 2 } });
    assert.deepEqual(links.outages, [{ fromEpochMs: 200, untilEpochMs: 900, reason: 'refused', failures: 1 }]);
    down('gone again', 0);
    assert.equal(links.outages.length, 2);
  });
});
