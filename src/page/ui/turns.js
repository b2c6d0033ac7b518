import { byId, clockTime, duration, element } from './words.js';

/** @typedef {import('../messages.js').TurnRow} TurnRow */
/** @typedef {import('../messages.js').Moment} Moment */

/** @type {readonly (readonly [Moment, string])[]} */
const MOMENTS = [
  ['firstByteOut', 'first byte out'],
  ['firstByteBack', 'first byte back'],
  ['firstSample', 'first sample'],
  ['lastSample', 'last sample'],
  ['complete', 'complete'],
];
/** @type {Record<string, readonly [string, string]>} */
const OUTCOMES = { answered: ['answered', 'good'], interrupted: ['interrupted', 'warn'] };
const BEGINNINGS = { key: 'started by hand', speech: 'interrupted by speech', reply: 'more, after the reply' };

/** @type {Map<number, string>} What is shown of each turn, so that only what has changed is drawn again. */
const shown = new Map();

/** @param {readonly TurnRow[]} rows */
export function showTurns(rows) {
  const list = byId('turns');
  byId('turns-none').hidden = rows.length > 0;
  const items = rows.map((row) => {
    const text = JSON.stringify(row);
    const old = list.querySelector(`[data-turn="${row.id}"]`);
    if (old && shown.get(row.id) === text) return old;
    shown.set(row.id, text);
    const fresh = itemOf(row);
    old?.replaceWith(fresh);
    return fresh;
  });
  if (items.length !== list.children.length || items.some((item, i) => list.children[i] !== item)) {
    list.replaceChildren(...items);
  }
}

/** @param {TurnRow} row */
function itemOf(row) {
  const item = element('li', '', { 'data-turn': String(row.id) });
  item.append(headOf(row));
  // Nobody has said more yet: nothing to look at.
  if (row.by.kind === 'reply' && row.moments.firstByteBack === undefined && row.outcome === undefined) return item;
  // With nothing of the server's yet, a bar would show the first step as if it were all.
  if (row.moments.firstByteBack !== undefined) item.append(barOf(row));
  item.append(momentsOf(row));
  const notes = [];
  if (row.underruns) notes.push(`${row.underruns} gap${row.underruns === 1 ? '' : 's'} in the reply`);
  if (row.ended) notes.push(`conversation ended: ${row.ended}`);
  if (notes.length > 0) item.append(element('p', notes.join(' · '), { class: 'turn-note' }));
  return item;
}

/** @param {TurnRow} row */
function headOf({ atEpochMs, by, outcome }) {
  const head = element('p', '', { class: 'turn-head' });
  const what = by.kind === 'hotword' ? `“${by.phrase}”, score ${by.score.toFixed(2)}` : BEGINNINGS[by.kind];
  const [text, tone] = outcome === undefined ? ['under way', 'warn'] : (OUTCOMES[outcome] ?? [outcome, 'off']);
  head.append(
    element('time', clockTime(atEpochMs), { datetime: new Date(atEpochMs).toISOString() }),
    element('strong', what),
    element('span', text, { class: 'pill', 'data-tone': tone }),
  );
  return head;
}

/** @param {TurnRow} row */
function barOf({ moments }) {
  const bar = element('div', '', { class: 'bar', 'aria-hidden': 'true' });
  let beforeMs = 0;
  for (const [moment] of MOMENTS) {
    const atMs = moments[moment];
    if (atMs === undefined) continue;
    const part = element('span', '', { 'data-step': moment });
    part.style.flexGrow = String(Math.max(0, atMs - beforeMs));
    bar.append(part);
    beforeMs = atMs;
  }
  return bar;
}

/** @param {TurnRow} row */
function momentsOf({ by, moments }) {
  const list = element('dl', '', { class: 'moments' });
  const beginning = by.kind === 'hotword' ? 'hotword' : 'began';
  list.append(pair(beginning, duration(0).replace('.0', ''), ''));
  let beforeMs = 0;
  for (const [moment, name] of MOMENTS) {
    const atMs = moments[moment];
    list.append(
      atMs === undefined ? pair(name, '–', '') : pair(name, duration(atMs), `+ ${duration(atMs - beforeMs)}`),
    );
    beforeMs = atMs ?? beforeMs;
  }
  return list;
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} step
 */
function pair(name, value, step) {
  const group = element('div');
  const data = element('dd', value);
  if (step !== '') data.append(element('small', step));
  group.append(element('dt', name), data);
  return group;
}
