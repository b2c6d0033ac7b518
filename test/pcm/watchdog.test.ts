import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Watchdog } from '../../src/pcm/watchdog.js';
import { FakeClock, StallingClock } from '../link/support.js';

/** A watchdog on a clock of the test, and how often it called. */
function setUp(clock = new FakeClock()) {
  const calls: number[] = [];
  const watchdog = new Watchdog({ clock, onSilence: () => calls.push(clock.nowMs()) });
  return { clock, calls, watchdog };
}

describe('watchdog', () => {
  it('calls when nothing came for the time', () => {
    const { clock, calls, watchdog } = setUp();
    watchdog.feed(1_000);
    clock.advance(999);
    assert.deepEqual(calls, []);
    clock.advance(1);
    assert.deepEqual(calls, [1_000]);
  });

  it('counts from the last sign of life', () => {
    const { clock, calls, watchdog } = setUp();
    for (let i = 0; i < 50; i++) {
      watchdog.feed(1_000);
      clock.advance(900);
    }
    assert.deepEqual(calls, []);
    clock.advance(100);
    assert.equal(calls.length, 1);
  });

  it('takes a shorter limit at once, though a longer one is running', () => {
    const { clock, calls, watchdog } = setUp();
    watchdog.feed(5_000);
    clock.advance(10);
    watchdog.feed(1_000);
    clock.advance(1_000);
    assert.deepEqual(calls, [1_010]);
  });

  it('does not count the time in which this process was busy', () => {
    const { clock, calls, watchdog } = setUp();
    watchdog.feed(1_000);
    clock.block(1_500); // the first look was due at 100: late by 1,400
    assert.deepEqual(calls, []);
    clock.advance(899);
    assert.deepEqual(calls, []);
    clock.advance(1);
    assert.deepEqual(calls, [2_400]);
  });

  it('does not count many short delays either', () => {
    const { clock, calls, watchdog } = setUp();
    watchdog.feed(1_000);
    for (let i = 0; i < 9; i++) clock.block(240);
    assert.deepEqual(calls, []);
    clock.advance(100);
    assert.deepEqual(calls, [2_260]);
  });

  it('does not count it wherever this process stood still, and though other late timers run before what feeds it', () => {
    for (let n = 1; n <= 60; n++) {
      const { clock, calls, watchdog } = setUp(new StallingClock((look) => (look === n ? 1_500 : 0)));
      watchdog.feed(1_000);
      for (let at = 0; at < 2_000; at += 50) {
        clock.advance(50);
        clock.advance(1);
        watchdog.feed(1_000);
      }
      assert.deepEqual(calls, [], `look ${n}`);
    }
  });

  it('says nothing after its end', () => {
    const { clock, calls, watchdog } = setUp();
    watchdog.feed(1_000);
    watchdog.close();
    watchdog.close();
    clock.advance(5_000);
    assert.deepEqual(calls, []);
  });
});
