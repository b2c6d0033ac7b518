import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import type { PcmFormat } from '../../src/pcm/format.js';
import { peakDb } from '../../src/pcm/level.js';
import { createResampler } from '../../src/pcm/resampler.js';
import { find } from '../helpers/correlate.js';
import { endProcess, exitOf, outputOf, startPiped } from '../helpers/processes.js';
import { sharedSound } from '../helpers/shared-sound.js';
import { SoundTap } from '../helpers/sound-tap.js';
import { say } from '../helpers/speech.js';
import { Hearing } from './hearing.js';

const RATE_HZ = 16_000;
const BACKENDS = ['naudiodon', 'arecord', 'parecord'];
/**
 * Devices of the field, and which of their channels is heard: two microphones on I2S, an array on USB, a telephone's headset, a
 * recorder's interface, an interface for a band.
 */
const FORMATS: readonly (PcmFormat & { channel: number })[] = [
  { rateHz: 48_000, bits: 32, channels: 2, channel: 1 },
  { rateHz: 16_000, bits: 16, channels: 6, channel: 5 },
  { rateHz: 8_000, bits: 16, channels: 1, channel: 1 },
  { rateHz: 96_000, bits: 24, channels: 2, channel: 2 },
  { rateHz: 44_100, bits: 16, channels: 8, channel: 3 },
];

const { sound, skip } = sharedSound('arecord', 'flite');

/** The order that ALSA has them in: the sound server moves channels about when the orders differ. */
const ORDER = 'front-left,front-right,rear-left,rear-right,front-center,lfe,side-left,side-right'.split(',');

/** A source of this format, which is the default one until the test is over; resolves with what speaks into it. */
async function plugIn(test: TestContext, { rateHz, bits, channels }: PcmFormat, name: string) {
  const order = channels > 2 ? [`channel_map=${ORDER.slice(0, channels).join(',')}`] : [];
  const format = [`format=s${bits}le`, `rate=${rateHz}`, `channels=${channels}`, ...order];
  const args = ['load-module', 'module-null-sink', `sink_name=${name}`, ...format, 'norewinds=1'];
  const module = await outputOf('pactl', args, sound.env);
  // Keeps the blocks of the sink small.
  const tap = new SoundTap(`${name}.monitor`);
  await tap.attach(sound.env);
  process.env.PULSE_SOURCE = `${name}.monitor`;
  test.after(async () => {
    process.env.PULSE_SOURCE = sound.env.PULSE_SOURCE;
    await tap.detach();
    await outputOf('pactl', ['unload-module', module.trim()], sound.env);
  });
  return async (voices: readonly Int16Array[]) => {
    const flags = [`--device=${name}`, `--rate=${rateHz}`, `--channels=${channels}`, '--format=s32le', '--no-remap'];
    const player = await startPiped('pacat', ['--playback', '--raw', '--latency-msec=500', ...flags], sound.env);
    test.after(() => endProcess(player, 'SIGKILL'));
    player.stdin.end(interleaved(voices));
    await exitOf(player);
    await tap.untilSilent(performance.now(), 300, 3_000);
  };
}

/** One 32-bit channel for each voice. */
function interleaved(voices: readonly Int16Array[]): Buffer {
  const frames = Math.max(...voices.map(({ length }) => length));
  const all = new Int32Array(frames * voices.length);
  for (const [channel, voice] of voices.entries()) {
    for (const [frame, sample] of voice.entries()) all[frame * voices.length + channel] = sample * 65_536;
  }
  return Buffer.from(all.buffer);
}

async function atRate(samples: Int16Array, rateHz: number): Promise<Int16Array> {
  const resampler = await createResampler(RATE_HZ, rateHz);
  try {
    const first = resampler.process(samples);
    return Int16Array.from([...first, ...resampler.flush()]);
  } finally {
    resampler.close();
  }
}

for (const backend of BACKENDS) {
  const listen = async (test: TestContext, format: (typeof FORMATS)[number], gainDb = 0): Promise<Hearing> => {
    const settings = { device: '', ...format, gainDb };
    const log = pino({ level: 'silent' });
    const microphone = MICROPHONES[backend]?.({ settings, rateHz: RATE_HZ, clock: systemClock, log });
    assert.ok(microphone);
    const hearing = new Hearing();
    test.after(() => hearing.stop());
    hearing.start(microphone);
    await hearing.until('ready', 0);
    return hearing;
  };

  describe(`microphone ${backend}`, { skip }, () => {
    for (const [index, format] of FORMATS.entries()) {
      const { rateHz, bits, channels, channel } = format;
      it(`hears channel ${channel} of ${channels} at ${rateHz} Hz and ${bits} bit`, async (test) => {
        const speakInto = await plugIn(test, format, `wide${index}`);
        const hearing = await listen(test, format);
        const wanted = await say('turn off the light in the kitchen');
        const other = await atRate(await say('something else that nobody asked for', 'rms'), rateHz);
        const voices: Int16Array[] = Array(channels).fill(other);
        await speakInto(voices.with(channel - 1, await atRate(wanted, rateHz)));
        const { correlation } = find(wanted, hearing.heard());
        test.diagnostic(`correlation ${correlation.toFixed(4)}`);
        // At 8 kHz the upper half of the voice cannot come through.
        assert.ok(correlation > (rateHz < RATE_HZ ? 0.8 : 0.99), `${correlation}`);
      });
    }

    it('amplifies a voice that is hidden below 16 bit', async (test) => {
      const format = { rateHz: 48_000, bits: 32, channels: 2, channel: 1 } as const;
      const speakInto = await plugIn(test, format, 'quiet');
      const hearing = await listen(test, format, 40);
      const wanted = await say('quiet as a mouse');
      const faint = (await atRate(wanted, 48_000)).map((sample) => Math.trunc(sample / 100));
      await speakInto([faint, new Int16Array(0)]);
      const heard = hearing.heard();
      const { correlation } = find(wanted, heard);
      assert.ok(correlation > 0.99, `${correlation}`);
      assert.ok(Math.abs(peakDb(heard) - peakDb(wanted)) < 1.5, `${peakDb(heard)} for ${peakDb(wanted)} dBFS`);
    });
  });
}
