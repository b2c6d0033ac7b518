import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { parseAlsaList } from '../../src/pcm/alsa-devices.js';
import { listPulse, parsePulseList, parsePulseStreams } from '../../src/pcm/pulse-devices.js';
import { fakePrograms } from './fake-program.js';

const fakes = fakePrograms();

/** As pactl 16.1 prints it, without the lines that nobody reads. */
const STREAMS = `Source Output #7
	Driver: protocol-native.c
	Client: 0
	Source: 1
	Properties:
		application.name = "parec"
		media.name = "parec"
		application.process.id = "812"
		application.process.binary = "pacat"

Source Output #8
	Driver: module-echo-cancel.c
	Client: n/a
	Source: 1
	Properties:
		media.name = "Echo-Cancel Source Stream"

Sink Input #9
	Sink: 3
	Properties:
		application.name = "mpd \\"x\\""
`;

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
    const users = parsePulseStreams(STREAMS);
    assert.deepEqual(
      parsePulseList(list, info, 'sources', users).map(({ inUseBy }) => inUseBy),
      ['', 'pacat (812), Echo-Cancel Source Stream'],
    );
    assert.deepEqual([...parsePulseStreams('').keys(), users.get('3')], ['mpd \\"x\\"']);
  });

  it('of a program that does not answer: what to do', async () => {
    fakes.put('pactl', 'exec sleep 60');
    const refused = /^AudioError: pactl did not answer within 0\.2 s: restart the sound server/;
    await assert.rejects(listPulse('sinks', pino({ level: 'silent' }), 200), refused);
  });
});
