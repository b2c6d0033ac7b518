import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from '../../src/config.js';
import { echoCancelCheck } from '../../src/doctor/echo-cancel.js';
import { AudioError } from '../../src/errors.js';
import { parsePulseSources } from '../../src/pcm/pulse-devices.js';

/** As pactl 16.1 prints it with PulseAudio's canceller, and a source as PipeWire's makes it; without the lines that nobody reads. */
const SOURCES = `Source #2
\tName: mic.monitor
\tDescription: Monitor of Null Output
\tDriver: module-null-sink.c
\tMonitor of Sink: mic

Source #4
\tName: clean
\tDescription: Monitor of Null Output (echo cancelled with Null Output)
\tDriver: module-echo-cancel.c
\tMonitor of Sink: n/a
\tProperties:
\t\tdevice.master_device = "mic.monitor"

Source #5
\tName: out.monitor
\tDriver: module-echo-cancel.c
\tMonitor of Sink: out

Source #6
\tName: pipewire.clean
\tDriver: PipeWire
\tMonitor of Sink: n/a
\tProperties:
\t\tnode.link-group = "echo-cancel-812-29"
`;

async function findings(mic: { backend: string; device: string }, byDefault = 'mic.monitor', barge_in = 'speech') {
  const config = { session: { barge_in }, mic } as Config;
  const list = async () => parsePulseSources(SOURCES, `Default Source: ${byDefault}\n`);
  const found = await echoCancelCheck(config, list).run(new AbortController().signal);
  return found.map(({ gravity, text }) => [gravity, /\(.*\)/.exec(text)?.[0] ?? text]);
}

const well = (name: string) => [['ok', `${name} cancels the echo of what its own sink plays`]];

describe('what the doctor says of echo', () => {
  it('is nothing where speech does not interrupt', async () => {
    assert.deepEqual(await findings({ backend: 'parecord', device: '' }, 'mic.monitor', 'hotword'), []);
  });

  it('is that the chosen source, or the default, cancels it', async () => {
    assert.deepEqual(await findings({ backend: 'parecord', device: 'clean' }), well('clean'));
    assert.deepEqual(await findings({ backend: 'pw-cat', device: 'pipewire.clean' }), well('pipewire.clean'));
    for (const [backend, device] of Object.entries({ auto: '', arecord: 'pulse', naudiodon: 'default', parecord: '' }))
      assert.deepEqual(await findings({ backend, device }, 'clean'), well('clean'));
  });

  it('is a warning where it does not', async () => {
    const plain = [['warning', '(mic.monitor is as it is)']];
    assert.deepEqual(await findings({ backend: 'parecord', device: 'mic.monitor' }, 'clean'), plain);
    assert.deepEqual(await findings({ backend: 'auto', device: '' }), plain);
    const monitor = await findings({ backend: 'parecord', device: 'out.monitor' });
    assert.deepEqual(monitor, [['warning', '(out.monitor is as it is)']]);
    const other = [['warning', '(the microphone is no source of the sound server)']];
    assert.deepEqual(await findings({ backend: 'arecord', device: 'plughw:CARD=Mic' }, 'clean'), other);
    assert.deepEqual(await findings({ backend: 'stdin', device: '' }, 'clean'), other);
  });

  it('is a warning with the reason where no sound server answers', async () => {
    const config = { session: { barge_in: 'speech' }, mic: { backend: 'auto', device: '' } } as Config;
    const list = () => Promise.reject(new AudioError('pactl: connection refused'));
    const [finding] = await echoCancelCheck(config, list).run(new AbortController().signal);
    assert.equal(finding?.gravity, 'warning');
    assert.match(finding?.text ?? '', /pactl: connection refused/);
    assert.match(finding?.remedy ?? '', /module-echo-cancel .*libpipewire-module-echo-cancel/);
  });

  it('takes the default of this user before that of the server', () => {
    const sources = parsePulseSources(SOURCES, 'Default Source: mic.monitor\n', 'clean');
    assert.deepEqual(
      sources.filter(({ isDefault }) => isDefault).map(({ name }) => name),
      ['clean'],
    );
  });
});
