import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Journal } from '../../src/log.js';
import type { SessionEvent } from '../../src/session/events.js';
import { PhraseActions, phraseActions } from '../../src/session/phrase-actions.js';

function acting(spelled: Parameters<typeof phraseActions>[1]) {
  const sent: SessionEvent[] = [];
  const events: object[] = [];
  const journal = new Journal(pino({ level: 'silent' }));
  journal.watch(({ event, fields }) => events.push({ event, ...fields }));
  const actions = phraseActions(['hey tars', 'stop', 'lights', '__proto__'], spelled);
  const told: string[] = [];
  const acts = new PhraseActions({
    actions,
    journal,
    send: (event) => sent.push(event),
    app: (order) => told.push(`${order.do} ${order.id}`),
    readDashboard: () => told.push(`dashboard after ${sent.length}`),
  });
  const hear = (phrase: string) => acts.heard({ phrase, score: 0.5, engine: 'fake', endedAt: 16_000 });
  return { acts, hear, sent, events, told };
}

test('a phrase without an action of its own begins a conversation', () => {
  const { hear, sent, events, acts } = acting({});
  hear('hey tars');
  hear('__proto__');
  assert.deepEqual(sent, [
    { type: 'hotword', phrase: 'hey tars', score: 0.5, endedAt: 16_000 },
    { type: 'hotword', phrase: '__proto__', score: 0.5, endedAt: 16_000 },
  ]);
  assert.deepEqual(events, []);
  assert.equal(acts.hasStop, false);
});

test('"stop" is told to the machine, an event to whoever watches the journal, and neither to the other', () => {
  const { hear, sent, events, acts } = acting({ 'hey tars': 'session', stop: 'stop', lights: { event: 'lights.on' } });
  hear('stop');
  assert.deepEqual(sent.splice(0), [{ type: 'stop.spoken', phrase: 'stop' }]);
  hear('lights');
  assert.deepEqual(sent, []);
  assert.deepEqual(events, [{ event: 'hotword.event', name: 'lights.on', phrase: 'lights' }]);
  assert.equal(acts.hasStop, true);
});

test('apps of the server are started and stopped, and the dashboard is read in a conversation that has begun', () => {
  const { hear, sent, told } = acting({ lights: { start_app: 'org.lights' }, stop: { stop_app: 'org.lights' } });
  hear('lights');
  hear('stop');
  assert.deepEqual([told, sent], [['start org.lights', 'stop org.lights'], []]);
  const reading = acting({ 'hey tars': 'read_dashboard' });
  reading.hear('hey tars');
  assert.deepEqual([reading.told, reading.sent.map(({ type }) => type)], [['dashboard after 1'], ['hotword']]);
});

test('a button starts and stops apps, and reads the dashboard in a conversation that it begins where there is none', () => {
  const { acts, sent, told } = acting({});
  acts.pressed({ start_app: 'org.lights' }, 'listening');
  acts.pressed({ stop_app: 'org.lights' }, 'activeSession.userTurn');
  assert.deepEqual(sent, []);
  for (const state of ['activeSession.userTurn', 'listening', 'announcement']) acts.pressed('read_dashboard', state);
  assert.deepEqual(sent, Array(2).fill({ type: 'trigger', source: 'button' }));
  const dashboards = ['dashboard after 0', 'dashboard after 1', 'dashboard after 2'];
  assert.deepEqual(told, ['start org.lights', 'stop org.lights', ...dashboards]);
});
