import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Heartbeat } from '../../src/link/heartbeat.js';
import type { LinkTempo } from '../../src/link/link.js';
import { DEFAULTS, FakeClock } from './support.js';

function watch(tempo: LinkTempo) {
  const clock = new FakeClock();
  const pingsAtMs: number[] = [];
  const dead: { atMs: number; silentMs: number }[] = [];
  const heartbeat = new Heartbeat({
    clock,
    policy: DEFAULTS,
    port: {
      ping: () => pingsAtMs.push(clock.nowMs()),
      dead: (silentMs) => dead.push({ atMs: clock.nowMs(), silentMs }),
    },
  });
  heartbeat.start(tempo);
  return { clock, heartbeat, pingsAtMs, dead };
}

describe('Heartbeat', () => {
  it('pings every 5 s idle and blames a silent peer after 9 s', () => {
    const { clock, pingsAtMs, dead } = watch('idle');
    clock.advance(60_000);
    assert.deepEqual(pingsAtMs, [5_000]);
    assert.deepEqual(dead, [{ atMs: 9_000, silentMs: 9_000 }]);
    assert.equal(clock.pending, 0);
  });

  it('blames a silent peer after 4 s in a session', () => {
    const { clock, pingsAtMs, dead } = watch('session');
    clock.advance(60_000);
    assert.deepEqual(pingsAtMs, [1_000, 2_000, 3_000]);
    assert.deepEqual(dead, [{ atMs: 4_000, silentMs: 4_000 }]);
  });

  it('takes anything that comes as life', () => {
    const { clock, heartbeat, dead } = watch('session');
    for (let i = 0; i < 100; i++) {
      clock.advance(3_900);
      heartbeat.life();
    }
    assert.deepEqual(dead, []);
  });

  it('counts the silence from the last sign of life', () => {
    const { clock, heartbeat, dead } = watch('idle');
    clock.advance(6_000);
    heartbeat.life();
    clock.advance(60_000);
    assert.deepEqual(dead, [{ atMs: 15_000, silentMs: 9_000 }]);
  });

  it('raises no false alarm at random delays of up to 1.5 s each way, in hours', () => {
    for (const tempo of ['idle', 'session'] as const) {
      const clock = new FakeClock();
      let isDead = false;
      let seed = 1;
      const random = () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed / 2_147_483_647;
      };
      let arrivesMs = 0;
      const heartbeat = new Heartbeat({
        clock,
        policy: DEFAULTS,
        port: {
          ping: () => {
            arrivesMs = Math.max(arrivesMs, clock.nowMs() + random() * 1_500 + random() * 1_500);
            clock.setTimeout(() => heartbeat.life(), arrivesMs - clock.nowMs());
          },
          dead: () => {
            isDead = true;
          },
        },
      });
      heartbeat.start(tempo);
      clock.advance(6 * 60 * 60 * 1000);
      assert.equal(isDead, false, tempo);
    }
  });

  it('asks again after a late event loop before it blames the peer', () => {
    const { clock, heartbeat, pingsAtMs, dead } = watch('idle');
    clock.advance(5_000);
    clock.block(30_000);
    assert.deepEqual(dead, []);
    assert.deepEqual(pingsAtMs, [5_000, 35_000]);
    heartbeat.life();
    clock.advance(4_500);
    assert.deepEqual(dead, []);
  });

  it('gives a ping that went out late the whole time for its answer', () => {
    const { clock, dead } = watch('idle');
    clock.block(8_500);
    clock.advance(3_900);
    assert.deepEqual(dead, []);
    clock.advance(200);
    assert.equal(dead.length, 1);
  });

  it('still notices a dead peer when the event loop is always late', () => {
    const { clock, dead } = watch('session');
    for (let i = 0; i < 30; i++) clock.block(1_300);
    assert.equal(dead.length, 1);
  });

  it('pings at once when asked, and waits no longer than an answer may take', () => {
    const { clock, heartbeat, pingsAtMs, dead } = watch('idle');
    clock.advance(1_000);
    heartbeat.ask();
    assert.deepEqual(pingsAtMs, [1_000]);
    clock.advance(60_000);
    assert.equal(dead[0]?.atMs, 5_000);
  });

  it('does not put the deadline off when asked again and again', () => {
    const { clock, heartbeat, dead } = watch('idle');
    for (let i = 0; i < 20; i++) {
      clock.advance(1_000);
      heartbeat.ask();
    }
    assert.equal(dead[0]?.atMs, 5_000);
  });

  it('pings at once when a session begins, and gives a peer that was silent before time to answer', () => {
    const { clock, heartbeat, pingsAtMs, dead } = watch('idle');
    clock.advance(4_900);
    heartbeat.setTempo('session');
    assert.deepEqual(pingsAtMs, [4_900]);
    clock.advance(2_900);
    assert.deepEqual(dead, []);
    clock.advance(200);
    assert.deepEqual(dead, [{ atMs: 7_900, silentMs: 7_900 }]);
  });

  it('neither asks nor blames while nothing is read, and asks when reading goes on', () => {
    const { clock, heartbeat, pingsAtMs, dead } = watch('session');
    clock.advance(500);
    heartbeat.hold(true);
    clock.advance(60_000);
    assert.deepEqual([pingsAtMs, dead], [[], []]);
    heartbeat.hold(false);
    assert.deepEqual(pingsAtMs, [60_500]);
    clock.advance(2_999);
    assert.deepEqual(dead, []);
    clock.advance(1);
    assert.equal(dead.length, 1);
  });

  it('is quiet after close()', () => {
    const { clock, heartbeat, pingsAtMs, dead } = watch('idle');
    heartbeat.close();
    heartbeat.close();
    heartbeat.ask();
    heartbeat.hold(true);
    heartbeat.hold(false);
    heartbeat.setTempo('session');
    clock.advance(60_000);
    assert.deepEqual([pingsAtMs, dead], [[], []]);
  });
});
