import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAlsaList } from '../../src/pcm/alsa-devices.js';
import { parsePulseList } from '../../src/pcm/pulse-devices.js';

describe('lists of devices', () => {
  it('of ALSA: the useful names with their descriptions', () => {
    const text = [
      'null',
      '    Discard all samples (playback) or generate zero samples (capture)',
      'default',
      'plughw:CARD=Device,DEV=0',
      '    USB Audio Device, USB Audio',
      '    Hardware device with all software conversions',
      'surround51:CARD=Device,DEV=0',
      '    5.1 Surround output',
      '',
    ].join('\n');
    const rest = { rates: 'any', inUseBy: '' };
    assert.deepEqual(parseAlsaList(text), [
      { ...rest, name: 'default', detail: '', isDefault: true },
      {
        ...rest,
        name: 'plughw:CARD=Device,DEV=0',
        detail: 'USB Audio Device, USB Audio, Hardware device with all software conversions',
        isDefault: false,
      },
    ]);
  });

  it('of PulseAudio: names with rate and state, and which one is the default', () => {
    const list =
      '0\tmic.monitor\tmodule-null-sink.c\ts16le 1ch 16000Hz\tRUNNING\n' +
      '1\talsa_input.usb-x\tmodule-alsa-card.c\ts32le 2ch 48000Hz\tSUSPENDED\n';
    const info = 'Server Name: pulseaudio\nDefault Sink: spk\nDefault Source: alsa_input.usb-x\n';
    assert.deepEqual(parsePulseList(list, info, 'sources'), [
      { name: 'mic.monitor', rates: '16000', inUseBy: '', detail: '1 ch, running', isDefault: false },
      { name: 'alsa_input.usb-x', rates: '48000', inUseBy: '', detail: '2 ch, suspended', isDefault: true },
    ]);
    assert.deepEqual(parsePulseList('', info, 'sinks'), []);
  });
});
