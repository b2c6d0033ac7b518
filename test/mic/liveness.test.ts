import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { ChildMicrophone } from '../../src/mic/child-microphone.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import { fakePrograms } from '../pcm/fake-program.js';
import { Hearing } from './hearing.js';

const RATE_HZ = 16_000;
const fakes = fakePrograms();

/** Sounds of a recorder of 16-bit samples. */
const noise = (seconds: number) => `head -c ${seconds * RATE_HZ * 2} /dev/urandom`;
const zeros = (seconds: number) => `head -c ${seconds * RATE_HZ * 2} /dev/zero`;
/** Alive, but it hands on nothing. */
const HANGS = 'exec sleep 60';

/** A microphone whose first life goes as told; from the second one on the device only hums. */
function listen(test: TestContext, firstLife: readonly string[]): Hearing {
  const begins = '[ -e "$folder/second" ] && { while :; do head -c 1280 /dev/urandom; sleep 0.04; done; }';
  fakes.put('arecord', [begins, 'touch "$folder/second"', ...firstLife].join('\n'));
  return hear(test);
}

/** What `arecord` gives. */
function hear(test: TestContext): Hearing {
  const settings = { device: '', rateHz: RATE_HZ, bits: 16 as const, channels: 1, channel: 1, gainDb: 0 };
  const common = { rateHz: RATE_HZ, clock: systemClock, log: pino({ level: 'silent' }) };
  const microphone = MICROPHONES.arecord?.({ settings, ...common });
  assert.ok(microphone);
  const hearing = new Hearing();
  test.after(async () => {
    await hearing.stop();
    fakes.remove('second');
  });
  hearing.start(microphone);
  return hearing;
}

describe('a microphone that is there and hands on nothing', () => {
  it('is opened again when no chunk has come for a second', async (test) => {
    const hearing = listen(test, [noise(0.2), HANGS]);
    const { atMs } = await hearing.until('ready', 0);
    const lost = await hearing.until('lost', 0);
    assert.equal(lost.why, 'arecord: no sound for 1000 ms');
    assert.ok(lost.atMs - atMs >= 1_000, `${lost.atMs - atMs} ms`);
    await hearing.until('ready', lost.atMs);
    await hearing.more(RATE_HZ / 10);
  });

  it('is opened again when it gave noise and then 30 s of nothing but zeros', async (test) => {
    const hearing = listen(test, [noise(0.2), zeros(30.2), HANGS]);
    const lost = await hearing.until('lost', 0);
    assert.equal(lost.why, 'arecord: only zeros for 30 s');
    await hearing.until('ready', lost.atMs);
    await hearing.more(RATE_HZ / 10);
  });

  it('is opened again and again, ever more rarely, where it gives only zeros from then on', async (test) => {
    fakes.put('arecord', `[ -e "$folder/second" ] || ${noise(0.2)}\ntouch "$folder/second"\nexec cat /dev/zero`);
    const hearing = hear(test);
    for (const seconds of [30, 30, 60]) {
      const { why, atMs } = await hearing.until('lost', hearing.happenings.at(-1)?.atMs ?? 0);
      assert.equal(why, `arecord: only zeros for ${seconds} s`);
      await hearing.until('ready', atMs);
    }
  });

  it('is left alone with its zeros where there never was any noise', async (test) => {
    const hearing = listen(test, [zeros(90), HANGS]);
    const lost = await hearing.until('lost', 0);
    assert.equal(lost.why, 'arecord: no sound for 1000 ms', 'it was the end of the zeros');
    assert.equal(hearing.heard().length, 90 * RATE_HZ);
  });

  it('is opened again when opening hangs, at the first attempt, with what it hung on cleared away', async (test) => {
    const script = `
      process.send('opening');
      const { existsSync } = require('node:fs');
      setInterval(() => existsSync('${fakes.path('cleared')}') && process.stdout.write(Buffer.alloc(1280, 1)), 40);`;
    const backend = {
      name: 'hanging',
      spec: () => ({
        name: 'hanging',
        command: process.execPath,
        args: ['-e', script],
        pcm: 'stdout' as const,
        messages: true,
        remedy: '',
      }),
      clearAfterHang: () => fakes.put('cleared', ''),
    };
    const settings = { device: '', rateHz: RATE_HZ, bits: 16 as const, channels: 1, channel: 1, gainDb: 0 };
    const common = { rateHz: RATE_HZ, clock: systemClock, log: pino({ level: 'silent' }) };
    const hearing = new Hearing();
    test.after(() => hearing.stop());
    hearing.start(new ChildMicrophone({ backends: [backend], settings, ...common }));
    const lost = await hearing.until('lost', 0);
    assert.match(lost.why, /^hanging: no first sound within [2-5]\d{3} ms$/);
    const ready = await hearing.until('ready', lost.atMs);
    test.diagnostic(`${lost.why}; ready ${Math.round(ready.atMs - lost.atMs)} ms later`);
    assert.deepEqual(
      hearing.happenings.map(({ event }) => event),
      ['lost', 'ready'],
    );
  });
});
