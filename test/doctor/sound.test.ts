import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findIn, sweep } from '../../src/doctor/echo.js';
import { remedyFor, soundCheck } from '../../src/doctor/sound.js';
import { judgeSound } from '../../src/doctor/sound-level.js';
import type { Microphone } from '../../src/mic/microphone.js';
import type { Speaker } from '../../src/speaker/speaker.js';

const RATE_HZ = 16_000;
const nobody = () => Promise.resolve([]);

/** Noise that is the same every time. */
function noise(samples: number, peak: number): Int16Array {
  let seed = 7;
  return Int16Array.from({ length: samples }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.round((seed / 1_073_741_824 - 1) * peak);
  });
}

describe('what a level says', () => {
  const sine = (peak: number, offset = 0) =>
    Int16Array.from({ length: RATE_HZ }, (_, i) =>
      Math.max(-32_768, Math.min(32_767, Math.round(peak * Math.sin(i / 8) + offset))),
    );
  const cases: [string, Int16Array, string, RegExp][] = [
    ['zeros', new Int16Array(RATE_HZ), 'failure', /silence/],
    ['a voice', sine(6_000), 'ok', /dBFS/],
    ['the ends of the scale', sine(60_000), 'failure', /clipped/],
    ['an offset', sine(500, 4_000), 'failure', /DC offset of 12\.2 %/],
    ['next to nothing', noise(RATE_HZ, 8), 'warning', /very quiet/],
    ['the noise of a room', noise(RATE_HZ, 300), 'ok', /dBFS/],
  ];
  for (const [name, samples, gravity, text] of cases) {
    it(name, () => {
      const finding = judgeSound(samples);
      assert.equal(finding.gravity, gravity, finding.text);
      assert.match(finding.text, text);
    });
  }
});

describe('the sound check', () => {
  it('ends at once when the microphone stops while it is listened to', async () => {
    const microphone: Microphone = {
      backend: 'arecord',
      rateHz: RATE_HZ,
      capture: async (listener) => {
        listener.ready({ device: 'plughw:CARD=USB', rateHz: RATE_HZ });
        listener.chunk(noise(RATE_HZ, 300));
        setTimeout(() => listener.lost({ why: 'unplugged' }), 10);
      },
    };
    const speaker: Speaker = {
      backend: 'aplay',
      run: async (listener) => listener.ready({ device: '' }),
      open: () => assert.fail('nothing is played'),
    };
    const findings = await soundCheck({ microphone, speaker, namesOf: nobody }).run(new AbortController().signal);
    assert.deepEqual(
      findings.map(({ gravity, subject, text }) => [gravity, subject, text]),
      [
        ['failure', 'microphone', 'arecord: the microphone stopped: unplugged'],
        ['ok', 'loudspeaker', 'the system\u2019s default, by aplay'],
      ],
    );
  });
});

describe('the sound check where neither way opens', () => {
  const visit = async (micWhy: string, speakerWhy: string) => {
    const microphone: Microphone = {
      backend: 'arecord',
      rateHz: RATE_HZ,
      capture: async (listener) => listener.lost({ why: micWhy }),
    };
    const speaker: Speaker = {
      backend: 'aplay',
      run: async (listener) => listener.lost({ why: speakerWhy }),
      open: () => assert.fail('nothing is played'),
    };
    return soundCheck({ microphone, speaker, namesOf: nobody }).run(new AbortController().signal);
  };
  const BUSY = 'Device or resource busy';
  const HELD = `${BUSY}; in use: USB by mpd (pid 7, mpd.service)`;
  const cases: [name: string, micWhy: string, speakerWhy: string, remedy: RegExp][] = [
    ['because one program holds both', HELD, HELD, /^sudo systemctl stop mpd\.service/],
    ['and the holder of one is known', BUSY, HELD, /^sudo systemctl stop mpd\.service/],
    ['and both are busy', BUSY, BUSY, /^fuser -v/],
    ['because there is nothing', 'No such device', 'No such device', /^plug one in/],
  ];
  for (const [name, micWhy, speakerWhy, remedy] of cases) {
    it(name, async () => {
      const [finding, ...more] = await visit(micWhy, speakerWhy);
      assert.deepEqual(more, []);
      assert.equal(finding?.gravity, 'failure');
      assert.match(finding?.remedy ?? '', remedy);
    });
  }
});

it('a device that is not there has the names of those that are, one that is held has not', async () => {
  const speaker: Speaker = {
    backend: 'aplay',
    run: async (listener) => listener.ready({ device: '' }),
    open: () => assert.fail('nothing is played'),
  };
  const remedyOf = async (why: string) => {
    const microphone: Microphone = {
      backend: 'arecord',
      rateHz: RATE_HZ,
      capture: async (listener) => listener.lost({ why }),
    };
    const namesOf = async (subject: string) => (subject === 'microphone' ? ['default', 'plughw:CARD=USB,DEV=0'] : []);
    const [finding] = await soundCheck({ microphone, speaker, namesOf }).run(new AbortController().signal);
    return finding?.remedy ?? '';
  };
  assert.match(await remedyOf('No such device'), /mic\.device chooses; there are: default plughw:CARD=USB,DEV=0$/);
  assert.doesNotMatch(await remedyOf('Device or resource busy'), /there are/);
});

describe('the remedy for a device that is in use', () => {
  const cases: [name: string, why: string, remedy: RegExp][] = [
    ['by a child of the service', 'busy; in use: USB by arecord (pid 7, tars-client.service)', /^sudo systemctl stop/],
    [
      'by that of a user',
      'busy; in use: USB by node (pid 7, tars-client.service of user 1000)',
      /^systemctl --user stop/,
    ],
    [
      'by a node of something else',
      'busy; in use: USB by node (pid 7, mqtt.service)',
      /^sudo systemctl stop mqtt\.service /,
    ],
    [
      'by a service of a user',
      'busy; in use: USB by mpd (pid 7, mpd.service of user 1000)',
      /^systemctl --user stop mpd\.service /,
    ],
    ['by a program', 'busy; in use: USB by arecord (pid 7)', /^kill 7 /],
    ['by nobody that is known', 'Device or resource busy', /^fuser -v \/dev\/snd\/\*/],
  ];
  for (const [name, why, remedy] of cases) {
    it(name, () => assert.match(remedyFor(why, 'microphone') ?? '', remedy));
  }
});

describe('the tone', () => {
  const tone = sweep(RATE_HZ);
  const room = (gain: number, place: number, noisePeak: number) => {
    const recording = noise(2 * RATE_HZ, noisePeak);
    tone.forEach((sample, i) => {
      recording[place + i] = (recording[place + i] ?? 0) + Math.round(sample * gain);
    });
    return recording;
  };

  it('is found 30 dB weaker and under noise', () => {
    assert.equal(findIn(room(0.03, 5_432, 200), tone), 5_432);
  });

  it('is found upside down, as some loudspeakers are wired', () => {
    assert.equal(findIn(room(-0.3, 100, 100), tone), 100);
  });

  it('is not found where it is not', () => {
    assert.equal(findIn(noise(2 * RATE_HZ, 2_000), tone), undefined);
    assert.equal(findIn(new Int16Array(2 * RATE_HZ), tone), undefined);
    assert.equal(findIn(new Int16Array(10), tone), undefined);
  });
});
