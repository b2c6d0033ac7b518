import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Button } from '../../src/hands/button.js';
import type { Edge } from '../../src/hands/debouncer.js';
import type { Press } from '../../src/hands/press.js';

const TICK_MS = 20;
/** As many edges as the kernel keeps of one line. */
const QUEUE = 16;

/** Contacts at these times, down and up by turns, beginning with down. */
const contacts = (...timesMs: number[]): Edge[] => timesMs.map((atMs, index) => ({ isPressed: index % 2 === 0, atMs }));

/** So many edges, 0.5 ms apart, that lead from a level to the other one and back again. */
const bounces = (fromMs: number, count: number, isPressed: boolean): Edge[] =>
  Array.from({ length: count }, (_, index) => ({
    isPressed: index % 2 === 0 ? isPressed : !isPressed,
    atMs: fromMs + index / 2,
  }));

interface Looking {
  doubleGapMs?: number;
  /** Nobody looks meanwhile. */
  stall?: { fromMs: number; toMs: number };
  /** How it is before its first edge. */
  isPressed?: boolean;
  /** Which edges are dropped of those that wait. */
  drop?: (waiting: Edge[]) => Edge[];
}

/** libgpiod 1: a queue that is full takes no more. */
const dropNewest = (waiting: Edge[]) => waiting.slice(0, QUEUE);
/** libgpiod 2: a queue that is full loses what came first. */
const dropOldest = (waiting: Edge[]) => waiting.slice(-QUEUE);

/** What is recognised of a button that is looked at every 20 ms. */
function recognise(edges: readonly Edge[], looking: Looking = {}): [Press, number][] {
  const { doubleGapMs = 0, stall = { fromMs: 0, toMs: 0 }, isPressed = false, drop = (all) => all } = looking;
  const button = new Button({ debounceMs: 30, longMs: 800, doubleGapMs, isPressed });
  const told: [Press, number][] = [];
  let read = 0;
  for (let nowMs = 0; nowMs <= 4000; nowMs += TICK_MS) {
    if (nowMs > stall.fromMs && nowMs < stall.toMs) continue;
    const fresh = edges.filter(({ atMs }, index) => index >= read && atMs <= nowMs);
    read += fresh.length;
    const now = { isPressed: edges[read - 1]?.isPressed ?? isPressed, atMs: nowMs };
    for (const press of button.look(now, drop(fresh))) told.push([press, nowMs]);
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
    assert.deepEqual(recognise(contacts(100, 200, 400, 520), { doubleGapMs: 300 }), [['double', 560]]);
  });

  it('is pressed twice where there are no double presses', () => {
    assert.deepEqual(
      recognise(contacts(100, 200, 400, 500)).map(([press]) => press),
      ['short', 'short'],
    );
  });

  it('is pressed once where there are double presses: told when no second press has come', () => {
    assert.deepEqual(recognise(contacts(100, 200), { doubleGapMs: 300 }), [['short', 520]]);
  });

  it('is pressed shortly and then for long', () => {
    assert.deepEqual(recognise(contacts(100, 200, 400, 2000), { doubleGapMs: 300 }), [
      ['short', 1200],
      ['long', 1200],
    ]);
  });

  it('is pressed three times: a double press and a short one', () => {
    assert.deepEqual(
      recognise(contacts(100, 200, 300, 400, 500, 600), { doubleGapMs: 300 }).map(([press]) => press),
      ['double', 'short'],
    );
  });

  it('is pressed shortly while the program stands still: it is no long press', () => {
    assert.deepEqual(recognise(contacts(100, 250), { stall: { fromMs: 120, toMs: 2000 } }), [['short', 2020]]);
  });

  it('is held while the program stands still and released before it goes on: a long press', () => {
    assert.deepEqual(recognise(contacts(100, 1250), { stall: { fromMs: 120, toMs: 2000 } }), [['long', 2000]]);
  });

  it('is let go while the program stands still, and the kernel drops that: it is no long press', () => {
    const edges = [...bounces(200, 17, true), ...bounces(600, 3, false)];
    const stall = { fromMs: 160, toMs: 2000 };
    // What is kept of 16 edges ends with the button up; of 15, with the button down.
    assert.deepEqual(recognise(edges, { stall, drop: (waiting) => waiting.slice(0, 15) }), [['short', 2020]]);
    assert.deepEqual(recognise(edges, { stall, drop: dropNewest }), []);
    assert.deepEqual(recognise(edges, { stall, drop: dropOldest }), [['short', 2020]]);
  });

  it('bounces when it is let go until the queue is full, and was pressed shortly', () => {
    const edges = [...contacts(100), ...bounces(505, 23, false)];
    for (const drop of [dropNewest, dropOldest, (waiting: Edge[]) => waiting.slice(0, 1)]) {
      assert.deepEqual(
        recognise(edges, { stall: { fromMs: 500, toMs: 1500 }, drop }).map(([press]) => press),
        ['short'],
      );
    }
  });

  it('bounces when it is pressed until the queue is full, and is held: a long press, counted from when it was seen', () => {
    const edges = bounces(205, 17, true);
    assert.deepEqual(recognise(edges, { drop: dropNewest }), [['long', 1040]]);
    assert.deepEqual(recognise(edges, { stall: { fromMs: 160, toMs: 2000 }, drop: dropNewest }), [['long', 2820]]);
  });

  it('whose edges are all dropped is pressed as long as it is seen pressed', () => {
    const looking: Looking = { drop: () => [], doubleGapMs: 300 };
    assert.deepEqual(recognise(contacts(110, 610), looking), [['short', 920]]);
    assert.deepEqual(recognise(contacts(110, 1210), looking), [['long', 920]]);
    assert.deepEqual(recognise(contacts(110, 310, 510, 710), looking), [['double', 740]]);
  });

  it('that is held from the start on is not pressed until it has been let go', () => {
    assert.deepEqual(recognise([{ isPressed: false, atMs: 2000 }, ...contacts(2500, 2600)], { isPressed: true }), [
      ['short', 2640],
    ]);
  });
});
