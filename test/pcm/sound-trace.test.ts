import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { soundTrace } from '../../src/pcm/sound-trace.js';

const HOME = '/home/me';
const USER = { HOME, XDG_RUNTIME_DIR: '/run/user/1000' };
const BUSY = 'state: RUNNING\nowner_pid   : 812\n';

let root = '';
const put = (path: string, content = '') => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};
const trace = ({ device = '', env = USER as NodeJS.ProcessEnv } = {}) => soundTrace('c', device, env, root);

describe('the trace of sound devices', { skip: process.platform !== 'linux' && 'is of Linux' }, () => {
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tars-trace-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('stays the same while nothing happens', () => {
    put('/dev/snd/controlC0');
    put(`${HOME}/.asoundrc`, 'pcm.!default { type plug slave.pcm "hw:1" }');
    assert.notEqual(trace(), undefined);
    assert.equal(trace(), trace());
  });

  for (const [what, change] of Object.entries({
    'a card is plugged in': () => put('/dev/snd/pcmC1D0c'),
    'the microphone is free again': () => put('/proc/asound/card0/pcm0c/sub0/status', 'closed\n'),
    'access to the card is granted': () => chmodSync(join(root, '/dev/snd/pcmC0D0c'), 0o600),
    'ALSA is configured': () => put('/etc/asound.conf', 'pcm.!default { type hw card 1 }'),
    'PulseAudio starts': () => put('/run/user/1000/pulse/native'),
    'PipeWire starts': () => put('/run/user/1000/pipewire-0'),
    'JACK starts': () => put('/dev/shm/jack_default_1000_0'),
  })) {
    it(`becomes another one when ${what}`, async () => {
      put('/dev/snd/pcmC0D0c');
      put('/proc/asound/card0/id', 'Device\n');
      put('/proc/asound/card0/pcm0c/sub0/status', BUSY);
      const before = trace();
      assert.notEqual(before, undefined);
      // The times of files have the grain of the kernel's clock.
      await new Promise((resolve) => setTimeout(resolve, 12));
      change();
      assert.notEqual(trace(), before);
    });
  }

  it('does not mind who holds a loudspeaker, nor what JACK leaves behind in a client', () => {
    const before = trace();
    put('/proc/asound/card0/pcm0p/sub0/status', BUSY);
    put('/dev/shm/jack_db-0/__db.001');
    assert.equal(trace(), before);
  });

  for (const [what, arrange, asked] of [
    ['a sound server runs', () => put('/run/user/1000/pulse/native'), {}],
    ['a sound server of the whole system runs', () => put('/run/pulse/native'), {}],
    ['the sound server is another machine', () => undefined, { env: { ...USER, PULSE_SERVER: 'tcp:10.0.0.2' } }],
    ['it is another machine by configuration', () => put('/etc/pulse/client.conf', 'default-server = tcp:box'), {}],
    ['ALSA is told of Bluetooth', () => put(`${HOME}/.asoundrc`, 'pcm.bt {\n type bluealsa }'), {}],
    ['nobody may look for the sound server', () => put('/run/user/1000/pulse'), {}],
    ['the device is a Bluetooth one', () => undefined, { device: 'bluealsa:DEV=00:11' }],
  ] as const) {
    it(`cannot be told where ${what}`, () => {
      assert.notEqual(trace(), undefined);
      arrange();
      assert.equal(trace(asked), undefined);
    });
  }
});
