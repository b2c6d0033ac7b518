import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Debouncer, type Edge } from '../../src/hands/debouncer.js';
import { type Press, PressRecogniser } from '../../src/hands/press.js';

const TICK_MS = 20;

/** Contacts at these times, down and up by turns, beginning with down. */
const contacts = (...timesMs: number[]): Edge[] => timesMs.map((atMs, index) => ({ isPressed: index % 2 === 0, atMs }));

/** What is recognised of contacts that are looked at every 20 ms, but not within the stall. */
function recognise(edges: readonly Edge[], doubleGapMs = 0, stall = { fromMs: 0, toMs: 0 }): [Press, number][] {
  const debouncer = new Debouncer(30);
  const recogniser = new PressRecogniser({ longMs: 800, doubleGapMs });
  const told: [Press, number][] = [];
  let read = 0;
  for (let nowMs = 0; nowMs <= 4000; nowMs += TICK_MS) {
    if (nowMs > stall.fromMs && nowMs < stall.toMs) continue;
    const fresh = edges.filter(({ atMs }, index) => index >= read && atMs <= nowMs);
    read += fresh.length;
    for (const press of recogniser.feed(debouncer.feed(fresh, nowMs), nowMs)) told.push([press, nowMs]);
  }
  return told;
}

describe('a button', () => {
  it('is pressed shortly: told when it is released and has been debounced', () => {
    assert.deepEqual(recognise(contacts(100, 250)), [['short', 280]]);
  });

  it('is pressed for long: told while it is held, and once', () => {
    assert.deepEqual(recognise(contacts(100, 2500)), [['long', 900]]);
  });

  it('bounces for 25 ms at either end, and is pressed once', () => {
    const bouncing = contacts(100, 103, 109, 118, 125, 300, 304, 311, 319, 324);
    assert.deepEqual(recognise(bouncing), [['short', 360]]);
  });

  it('that is touched for less than the time of debouncing is not pressed', () => {
    assert.deepEqual(recognise(contacts(100, 125, 500, 529)), []);
  });

  it('is pressed twice: a double press, and no short one', () => {
    assert.deepEqual(recognise(contacts(100, 200, 400, 520), 300), [['double', 560]]);
  });

  it('is pressed twice where there are no double presses', () => {
    assert.deepEqual(
      recognise(contacts(100, 200, 400, 500)).map(([press]) => press),
      ['short', 'short'],
    );
  });

  it('is pressed once where there are double presses: told when no second press has come', () => {
    assert.deepEqual(recognise(contacts(100, 200), 300), [['short', 520]]);
  });

  it('is pressed shortly and then for long', () => {
    assert.deepEqual(recognise(contacts(100, 200, 400, 2000), 300), [
      ['short', 1200],
      ['long', 1200],
    ]);
  });

  it('is pressed three times: a double press and a short one', () => {
    assert.deepEqual(
      recognise(contacts(100, 200, 300, 400, 500, 600), 300).map(([press]) => press),
      ['double', 'short'],
    );
  });

  it('is pressed shortly while the program stands still: it is no long press', () => {
    assert.deepEqual(recognise(contacts(100, 250), 0, { fromMs: 120, toMs: 2000 }), [['short', 2000]]);
  });

  it('is held while the program stands still and released before it goes on: a long press', () => {
    assert.deepEqual(recognise(contacts(100, 1250), 0, { fromMs: 120, toMs: 2000 }), [['long', 2000]]);
  });

  it('is heard again after edges were lost', () => {
    const lossy: Edge[] = [
      { isPressed: true, atMs: 100 },
      { isPressed: true, atMs: 400 },
      { isPressed: false, atMs: 500 },
      { isPressed: false, atMs: 900 },
      ...contacts(1000, 1100),
    ];
    assert.deepEqual(
      recognise(lossy).map(([press]) => press),
      ['short', 'short'],
    );
  });
});
