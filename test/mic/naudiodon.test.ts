import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { naudiodon } from '../../src/mic/naudiodon.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import { PcmChild } from '../../src/pcm/child.js';
import { fakePackages } from '../pcm/fake-package.js';
import { fakePrograms, RECORDS_SILENCE } from '../pcm/fake-program.js';
import { Hearing } from './hearing.js';

const RATE_HZ = 16_000;
const FORMAT = { rateHz: RATE_HZ, bits: 16 as const, channels: 1 };
const fakePackage = fakePackages();
const fakes = fakePrograms();
// What of it is replaced is the crash handler, which the child looks for where the package is.
fakePackage('segfault-handler', '');

/** A PortAudio with these devices, whose opening fails with the number of the one that was to be opened. */
function plugIn(...devices: readonly { id: number; name: string; maxInputChannels: number }[]): void {
  fakePackage(
    'naudiodon',
    `exports.getDevices = () => ${JSON.stringify(devices)};
    exports.AudioIO = ({ inOptions }) => { throw new Error('opens ' + inOptions.deviceId); };`,
  );
}

const children: PcmChild[] = [];
after(() => Promise.all(children.map((child) => child.kill())));

/** What becomes of a child that is to open this device. */
async function opened(device: string): Promise<string> {
  const child = new PcmChild(naudiodon.spec(device, FORMAT), pino({ level: 'silent' }));
  children.push(child);
  const { why } = await child.exited;
  return why.replace('naudiodon ended with code 1: ', '');
}

describe('the device that naudiodon opens', () => {
  it('is the first input with the wanted words in its name, in capitals or not', async () => {
    plugIn(
      { id: 0, name: 'HDMI of the USB dock', maxInputChannels: 0 },
      { id: 1, name: 'HDA Intel: ALC257 Analog', maxInputChannels: 2 },
      { id: 4, name: 'USB Audio: first', maxInputChannels: 1 },
      { id: 5, name: 'USB Audio: second', maxInputChannels: 1 },
    );
    assert.equal(await opened('usb'), 'opens 4');
    assert.equal(await opened('SECOND'), 'opens 5');
    assert.equal(await opened('HDA Intel: ALC257 Analog'), 'opens 1');
    assert.equal(await opened('hdmi'), 'PortAudio sees no microphone whose name contains "hdmi"');
  });

  it('is the default of PortAudio where none is named, and nothing where there is no input', async () => {
    plugIn({ id: 7, name: 'pulse', maxInputChannels: 32 });
    assert.equal(await opened(''), 'opens -1');
    plugIn({ id: 0, name: 'HDMI', maxInputChannels: 0 });
    assert.equal(await opened(''), 'PortAudio sees no microphone');
  });
});

describe('the automatic microphone', () => {
  /** Captures until the test is over; `warnings` are what it logs. */
  function listen(test: TestContext) {
    const warnings: Record<string, unknown>[] = [];
    const write = (line: string) => warnings.push(JSON.parse(line) as Record<string, unknown>);
    const settings = { device: '', ...FORMAT, channel: 1, gainDb: 0 };
    const common = { rateHz: RATE_HZ, clock: systemClock, log: pino({ level: 'warn' }, { write }) };
    const microphone = MICROPHONES.auto?.({ settings, ...common });
    assert.ok(microphone);
    const hearing = new Hearing();
    test.after(() => hearing.stop());
    hearing.start(microphone);
    return { microphone, hearing, warnings };
  }

  it('is arecord from then on where naudiodon does not load, and says so once', async (test) => {
    fakePackage('naudiodon', `throw new Error('built for another machine')`);
    fakes.put('arecord', `[ -e "$folder/second" ] || { touch "$folder/second"; exit 69; }\n${RECORDS_SILENCE}`);
    const { microphone, hearing, warnings } = listen(test);
    assert.equal(microphone.backend, 'naudiodon');
    const first = await hearing.until('lost', 0);
    assert.equal(first.why, 'naudiodon ended with code 69: naudiodon does not load: built for another machine');
    const second = await hearing.until('lost', first.atMs + 1);
    assert.equal(second.why, 'arecord ended with code 69');
    await hearing.until('ready', second.atMs);
    assert.equal(microphone.backend, 'arecord');
    assert.deepEqual(
      warnings.map(({ from, to, why }) => ({ from, to, why })),
      [{ from: 'naudiodon', to: 'arecord', why: first.why }],
    );
  });

  it('stays naudiodon where that loads, and only has no microphone', async (test) => {
    plugIn();
    fakes.put('arecord', RECORDS_SILENCE);
    const { microphone, hearing, warnings } = listen(test);
    const first = await hearing.until('lost', 0);
    const second = await hearing.until('lost', first.atMs + 1);
    assert.equal(second.why, 'naudiodon ended with code 1: PortAudio sees no microphone');
    assert.equal(microphone.backend, 'naudiodon');
    assert.deepEqual(warnings, []);
  });
});
