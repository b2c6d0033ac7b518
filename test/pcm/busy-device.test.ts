import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import { SPEAKERS } from '../../src/speaker/registry.js';
import { Hearing } from '../mic/hearing.js';
import { Told } from '../speaker/support.js';
import { fakePrograms } from './fake-program.js';

const fakes = fakePrograms();
/** While it is there, the programs fail as ALSA's do. */
const busy = fakes.path('busy');
for (const [name, works] of Object.entries({
  aplay: 'exec cat >/dev/null',
  arecord: 'while :; do head -c 1280 /dev/zero; sleep 0.02; done',
})) {
  const fails = `echo "${name}: main:831: audio open error: Device or resource busy" >&2; exit 1`;
  fakes.put(name, `[ -e "$folder/busy" ] && { ${fails}; }\n${works}`);
}

const common = { clock: systemClock, log: pino({ level: 'silent' }) };

describe('a device that another program holds', () => {
  it('is a loudspeaker that is lost, tried again, and found when it is free', async () => {
    writeFileSync(busy, '');
    const speaker = SPEAKERS.aplay?.({ device: '', ...common });
    const told = new Told();
    const abort = new AbortController();
    const running = speaker?.run(told, abort.signal);
    const first = await told.until('lost', 0);
    assert.match(first.why, /Device or resource busy/);
    await told.until('lost', first.atMs + 1);
    fakes.remove('busy');
    await told.until('ready', 0);
    abort.abort();
    await running;
  });

  it('is a microphone that is lost, tried again, and found when it is free', async () => {
    writeFileSync(busy, '');
    const settings = { device: '', rateHz: 16_000, bits: 16 as const, channels: 1, channel: 1, gainDb: 0 };
    const microphone = MICROPHONES.arecord?.({ settings, rateHz: 16_000, ...common });
    assert.ok(microphone);
    const hearing = new Hearing();
    hearing.start(microphone);
    const first = await hearing.until('lost', 0);
    assert.match(first.why, /Device or resource busy/);
    await hearing.until('lost', first.atMs + 1);
    fakes.remove('busy');
    await hearing.until('ready', 0);
    await hearing.more(1_280);
    await hearing.stop();
  });
});
