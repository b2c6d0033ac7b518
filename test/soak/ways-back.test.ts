import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogLine } from '../helpers/device.js';
import { lastWayBack } from './ways-back.js';

const change = (atMs: number, from: string, to: string, why = 'mic.ready'): LogLine => ({
  atMs,
  event: 'state.changed',
  from,
  to,
  why,
});
const ZEROS = 'mic.lost: naudiodon: only zeros for 30 s';
const KILLED = 'mic.lost: naudiodon was ended by SIGKILL';

describe('the last way back of a log', () => {
  it('is the last time that the device began to listen', () => {
    const lines = [
      change(1, 'activeSession.reply', 'idle', KILLED),
      change(2, 'idle', 'listening'),
      change(4, 'listening', 'idle', KILLED),
      { atMs: 4, event: 'mic.ready' },
      change(5, 'idle', 'listening'),
    ];
    assert.equal(lastWayBack(lines)?.atMs, 5);
    assert.equal(lastWayBack(lines.slice(0, 1)), undefined);
  });

  it('is not that of a microphone that gave only zeros while the device listened', () => {
    const lines = [
      change(10_020, 'activeSession.reply', 'listening', 'reply limit'),
      change(30_001, 'listening', 'idle', ZEROS),
      change(30_034, 'idle', 'listening'),
    ];
    assert.equal(lastWayBack(lines)?.atMs, 10_020);
  });

  it('is that of such a microphone in a conversation, which ends with it', () => {
    const lines = [change(30_001, 'activeSession.userTurn', 'idle', ZEROS), change(30_034, 'idle', 'listening')];
    assert.equal(lastWayBack(lines)?.atMs, 30_034);
  });

  it('is that of a microphone lost once more, after one that gave only zeros', () => {
    const lines = [
      change(2, 'listening', 'idle', ZEROS),
      change(3, 'idle', 'listening'),
      change(5, 'listening', 'idle', KILLED),
      change(6, 'idle', 'listening'),
    ];
    assert.equal(lastWayBack(lines)?.atMs, 6);
    assert.equal(lastWayBack(lines.slice(0, 2)), undefined);
  });
});
