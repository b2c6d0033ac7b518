import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { type Usage, UsageMeter, usage } from '../../src/page/processes.js';
import { FakeClock } from '../link/support.js';

describe('what the program takes of the machine', () => {
  it('counts this process as Node does', () => {
    const { user, system } = process.cpuUsage();
    const { cpuS, memoryBytes } = usage();
    const knownS = (user + system) / 1e6;
    assert.ok(Math.abs(cpuS.main - knownS) < 0.2, `${cpuS.main} s, by Node ${knownS} s`);
    const { rss } = process.memoryUsage();
    assert.ok(memoryBytes.main > rss / 10 && memoryBytes.main <= rss * 1.05, `${memoryBytes.main} of ${rss} resident`);
  });

  it('counts a child that lives, and goes on counting its time when it has ended', async (test) => {
    const before = usage();
    const work =
      'const end = Date.now() + 150; while (Date.now() < end); console.log("done"); setInterval(() => {}, 1000)';
    const child = spawn(process.execPath, ['-e', work], { stdio: ['ignore', 'pipe', 'ignore'] });
    test.after(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const during = usage();
    assert.ok(during.cpuS.children - before.cpuS.children >= 0.05, 'the time of a child that lives');
    assert.ok(during.memoryBytes.children - before.memoryBytes.children > 1e6, 'its memory');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const after = usage();
    assert.ok(after.cpuS.children >= during.cpuS.children, 'the time of a child that has ended');
    assert.ok(after.memoryBytes.children < during.memoryBytes.children, 'its memory is given back');
  });

  it('is read once a second at most', () => {
    const clock = new FakeClock();
    const readings: Usage[] = [];
    const meter = new UsageMeter(clock, () => {
      const reading = { cpuS: { main: readings.length, children: 0 }, memoryBytes: { main: 0, children: 0 } };
      readings.push(reading);
      return reading;
    });
    for (let i = 0; i < 25; i++) {
      meter.read();
      clock.advance(100);
    }
    assert.equal(readings.length, 3);
    assert.equal(meter.read(), readings[2]);
  });
});
