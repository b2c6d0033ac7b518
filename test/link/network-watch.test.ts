import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NetworkWatch } from '../../src/link/network-watch.js';
import { FakeClock } from './support.js';

type Addresses = Record<string, { address: string; internal: boolean }[] | undefined>;

function watch(initial: Addresses) {
  const clock = new FakeClock();
  const state = { now: initial, changes: 0, fails: false };
  const watcher = new NetworkWatch({
    clock,
    interfaces: () => {
      if (state.fails) throw new Error('uv_interface_addresses returned Unknown system error 97');
      return state.now;
    },
  });
  watcher.start(() => {
    state.changes += 1;
  });
  return { clock, state, watcher };
}

const LO = { address: '127.0.0.1', internal: true };
const LAN = { address: '192.168.1.7', internal: false };

describe('NetworkWatch', () => {
  it('tells once of each change of the addresses', () => {
    const { clock, state } = watch({ lo: [LO], wlan0: undefined });
    clock.advance(10_000);
    assert.equal(state.changes, 0);
    state.now = { lo: [LO], wlan0: [LAN] };
    clock.advance(3_000);
    assert.equal(state.changes, 1);
    clock.advance(30_000);
    assert.equal(state.changes, 1);
    state.now = { lo: [LO] };
    clock.advance(3_000);
    assert.equal(state.changes, 2);
  });

  it('does not care for order, or for loopback', () => {
    const { clock, state } = watch({ lo: [LO], wlan0: [LAN], eth0: [{ address: '10.0.0.1', internal: false }] });
    state.now = { eth0: [{ address: '10.0.0.1', internal: false }], wlan0: [LAN], lo: [] };
    clock.advance(10_000);
    assert.equal(state.changes, 0);
  });

  it('lives where the question is forbidden', () => {
    const { clock, state } = watch({});
    state.fails = true;
    clock.advance(10_000);
    assert.equal(state.changes, 0);
  });

  it('is quiet after close()', () => {
    const { clock, state, watcher } = watch({ lo: [LO] });
    watcher.close();
    watcher.close();
    state.now = { wlan0: [LAN] };
    clock.advance(10_000);
    assert.equal(state.changes, 0);
    assert.equal(clock.pending, 0);
  });

  it('reads the interfaces of this machine by itself', () => {
    const clock = new FakeClock();
    const watcher = new NetworkWatch({ clock });
    watcher.start(() => assert.fail('nothing has changed'));
    clock.advance(3_000);
    watcher.close();
  });
});
