import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arecord } from '../../src/mic/arecord.js';
import type { CaptureBackend } from '../../src/mic/child-microphone.js';
import { parecord } from '../../src/mic/parecord.js';
import { pwCatRecord } from '../../src/mic/pw-cat.js';
import type { ChildSpec } from '../../src/pcm/child.js';
import type { PcmFormat } from '../../src/pcm/format.js';
import { aplay } from '../../src/speaker/aplay.js';
import type { PlayerBackend } from '../../src/speaker/command-speaker.js';
import { pacat } from '../../src/speaker/pacat.js';
import { pwCatPlay } from '../../src/speaker/pw-cat.js';

const FORMAT: PcmFormat = { rateHz: 48_000, bits: 24, channels: 2 };
const captures = (backend: CaptureBackend, device: string): ChildSpec => backend.spec(device, FORMAT);
const plays = (backend: PlayerBackend, device: string): ChildSpec => backend.spec({ device }, FORMAT);

/** The arguments that name device and format; the others are a matter of taste. */
const CASES: [string, (device: string) => ChildSpec, string[], string[]][] = [
  ['arecord', (device) => captures(arecord, device), ['--device', 'DEV'], ['--format', 'S24_3LE', '--rate', '48000']],
  ['aplay', (device) => plays(aplay, device), ['--device', 'DEV'], ['--format', 'S24_3LE', '--rate', '48000']],
  ['parecord', (device) => captures(parecord, device), ['--device=DEV'], ['--raw', '--format=s24le', '--rate=48000']],
  ['pacat', (device) => plays(pacat, device), ['--device=DEV'], ['--raw', '--format=s24le', '--rate=48000']],
  ['pw-cat', (device) => captures(pwCatRecord, device), ['--target=DEV'], ['--record', '--raw', '--format=s24', '-']],
  ['pw-cat', (device) => plays(pwCatPlay, device), ['--target=DEV'], ['--playback', '--raw', '--format=s24', '-']],
];

describe('the command lines of the backends', () => {
  for (const [command, spec, device, format] of CASES) {
    it(`${command} is told device and format`, () => {
      const named = spec('DEV');
      assert.equal(named.command, command);
      for (const argument of [...device, ...format]) assert.ok(named.args.includes(argument), `${named.args}`);
      assert.ok(!spec('').args.some((argument) => argument.includes('DEV') || argument.endsWith('=')));
    });
  }
});
