import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventName, Events, JournalEntry } from '../../src/log.js';
import { Metrics } from '../../src/page/metrics.js';
import { openMetrics } from '../../src/page/open-metrics.js';
import { readOpenMetrics, readValue } from '../helpers/open-metrics.js';
import { FakeClock } from '../link/support.js';
import { chartOf, leavesOf } from '../session/model/chart.js';

const PRESENT = {
  state: 'listening',
  isMuted: false,
  isLinkUp: true,
  usage: { cpuS: { main: 1.5, children: 0.5 }, memoryBytes: { main: 5e7, children: 1e6 } },
};

function bench() {
  const clock = new FakeClock();
  const metrics = new Metrics(clock);
  const note = <K extends EventName>(event: K, fields: Events[K]) => metrics.note({ event, fields } as JournalEntry);
  let state = 'listening';
  const enter = (to: string, why = '') => {
    note('state.changed', { from: state, to, why });
    state = to;
  };
  return { clock, metrics, note, enter, read: () => readOpenMetrics(openMetrics(metrics.all(PRESENT))) };
}

const TURN = 'activeSession.userTurn';
const REPLY = 'activeSession.reply';
const DRAINING = 'activeSession.draining';

describe('metrics', () => {
  it('are valid, and 0, before anything has happened', () => {
    const read = bench().read();
    assert.equal(readValue(read, 'tars_turns_total', { outcome: 'answered' }), 0);
    assert.equal(readValue(read, 'tars_state', { tars_state: 'listening' }), 1);
    assert.equal(readValue(read, 'tars_state', { tars_state: REPLY }), 0);
    assert.equal(readValue(read, 'tars_cpu_seconds_total', { process: 'main' }), 1.5);
    assert.equal(readValue(read, 'tars_memory_bytes', { process: 'children' }), 1e6);
    assert.equal(readValue(read, 'tars_link_up'), 1);
  });

  it('know every state of the machine', () => {
    const read = bench().read();
    for (const state of leavesOf(chartOf())) {
      const value = readValue(read, 'tars_state', { tars_state: state });
      assert.equal(value, state === PRESENT.state ? 1 : 0, state);
    }
  });

  it('tell a turn that was answered from one that was interrupted and one that ends with its conversation', () => {
    const { note, enter, read } = bench();
    enter('hotwordDetected');
    enter(TURN);
    enter(REPLY);
    enter(TURN, 'hotword');
    enter(REPLY);
    enter(DRAINING);
    note('reply.completed', { playedMs: 1060, lastSampleMs: 1000, underruns: 2 });
    enter(TURN);
    note('session.ended', { reason: 'silence', ms: 1 });
    enter('listening');
    const turns = (outcome: string) => readValue(read(), 'tars_turns_total', { outcome });
    assert.deepEqual(['answered', 'interrupted', 'silence', 'user'].map(turns), [1, 1, 1, 0]);
    assert.equal(readValue(read(), 'tars_reply_underruns_total'), 2);
    assert.equal(readValue(read(), 'tars_completion_seconds_bucket', { le: '0.1' }), 1);
    assert.equal(readValue(read(), 'tars_completion_seconds_bucket', { le: '0.05' }), 0);
  });

  it('count a turn that never became a conversation', () => {
    const { enter, read } = bench();
    const turns = (outcome: string) => readValue(read(), 'tars_turns_total', { outcome });
    assert.equal(turns('no connection in time'), 0);
    for (const why of ['no connection in time', 'stop', 'mic.lost: the cable is out']) {
      enter('hotwordDetected', 'hotword');
      enter('listening', why);
    }
    assert.deepEqual(['no connection in time', 'user', 'mic.lost'].map(turns), [1, 1, 1]);
  });

  it('have the latencies in seconds', () => {
    const { note, read } = bench();
    note('turn.timing', { turn: 1, firstByteOutMs: 4, replyAfterMs: 1200, firstSampleMs: 60, playedMs: 900 });
    assert.equal(readValue(read(), 'tars_first_byte_out_seconds_sum'), 0.004);
    assert.equal(readValue(read(), 'tars_reply_wait_seconds_sum'), 1.2);
    assert.equal(readValue(read(), 'tars_first_sample_seconds_sum'), 0.06);
  });

  it('count an outage once, however often the dial fails, and how long it was', () => {
    const { clock, note, read } = bench();
    const down = (failures: number) => note('link.down', { code: 0, reason: 'refused', retryInMs: 1, failures });
    down(0);
    clock.advance(2_000);
    down(1);
    clock.advance(18_000);
    assert.equal(readValue(read(), 'tars_link_failed_attempts'), 1);
    note('link.up', { url: 'ws://x/', attempt: 2 });
    assert.equal(readValue(read(), 'tars_link_outage_seconds_count'), 1);
    assert.equal(readValue(read(), 'tars_link_outage_seconds_sum'), 20);
    assert.equal(readValue(read(), 'tars_link_failed_attempts'), 0);
  });

  it('count every loss of a part, and each hotword', () => {
    const { metrics, note, read } = bench();
    for (const type of ['mic.lost', 'mic.lost', 'speaker.lost', 'person.spoke']) metrics.trace({ type });
    note('hotword.detected', { phrase: 'hey "tars"', score: 0.5, engine: 'x' });
    assert.equal(readValue(read(), 'tars_restarts_total', { part: 'microphone' }), 2);
    assert.equal(readValue(read(), 'tars_restarts_total', { part: 'loudspeaker' }), 1);
    assert.equal(readValue(read(), 'tars_hotwords_total', { phrase: 'hey "tars"' }), 1);
  });
});
