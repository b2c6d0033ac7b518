import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import { SPEAKERS } from '../../src/speaker/registry.js';
import { Hearing } from '../mic/hearing.js';
import { Told } from '../speaker/support.js';
import { heldBy, replaceProc } from './fake-proc.js';
import { fakePrograms, RECORDS_SILENCE } from './fake-program.js';

const fakes = fakePrograms();
/** While it is there, the programs fail as ALSA's do. */
const busy = fakes.path('busy');
for (const [name, works] of Object.entries({
  aplay: 'exec cat >/dev/null',
  arecord: RECORDS_SILENCE,
})) {
  const fails = `echo "${name}: main:831: audio open error: Device or resource busy" >&2; exit 1`;
  fakes.put(name, `[ -e "$folder/busy" ] && { ${fails}; }\n${works}`);
}

/** Each direction of the card is held by one of them, and the other card by both. */
const PLAYER = 812;
const RECORDER = 900;
const DEVICE = 'plughw:CARD=Array,DEV=0';
replaceProc({
  'asound/card0/id': 'Other\n',
  'asound/card0/pcm0p/sub0/status': heldBy(RECORDER),
  'asound/card0/pcm0c/sub0/status': heldBy(PLAYER),
  'asound/card1/id': 'Array\n',
  'asound/card1/pcm0p/sub0/status': heldBy(PLAYER),
  'asound/card1/pcm0c/sub0/status': heldBy(RECORDER),
  [`${PLAYER}/comm`]: 'mpd\n',
  [`${RECORDER}/comm`]: 'audacity\n',
});

const common = { clock: systemClock, log: pino({ level: 'silent' }) };

describe('a device that another program holds', () => {
  it('is a loudspeaker that is lost to a program that is named, tried again, and found when it is free', async (test) => {
    writeFileSync(busy, '');
    const speaker = SPEAKERS.aplay?.({ device: DEVICE, ...common });
    const told = new Told();
    const abort = new AbortController();
    const running = speaker?.run(told, abort.signal);
    test.after(async () => {
      abort.abort();
      await running;
    });
    const first = await told.until('lost', 0);
    assert.match(first.why, /Device or resource busy; in use: Array by mpd \(pid 812\)$/);
    await told.until('lost', first.atMs + 1);
    fakes.remove('busy');
    await told.until('ready', 0);
  });

  it('is a microphone that is lost to a program that is named, tried again, and found when it is free', async (test) => {
    writeFileSync(busy, '');
    const settings = { device: DEVICE, rateHz: 16_000, bits: 16 as const, channels: 1, channel: 1, gainDb: 0 };
    const microphone = MICROPHONES.arecord?.({ settings, rateHz: 16_000, ...common });
    assert.ok(microphone);
    const hearing = new Hearing();
    test.after(() => hearing.stop());
    hearing.start(microphone);
    const first = await hearing.until('lost', 0);
    assert.match(first.why, /Device or resource busy; in use: Array by audacity \(pid 900\)$/);
    await hearing.until('lost', first.atMs + 1);
    fakes.remove('busy');
    await hearing.until('ready', 0);
    await hearing.more(1_280);
  });
});
