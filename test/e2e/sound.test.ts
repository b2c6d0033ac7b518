import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { align } from '../helpers/correlate.js';
import { answer } from '../helpers/gemitars-scripts.js';
import type { ReplyOptions } from '../helpers/gemitars-server.js';
import { outputOf } from '../helpers/processes.js';
import { furnish, type Room, utter } from '../helpers/room.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { isOnPipewire } from '../helpers/virtual-sound.js';

const BACK_WITHIN_MS = 3_000;
const COMPLETE_WITHIN_MS = 150;
/** The recording puts its samples up to so much too early: it gets them when the sound server has rendered them. */
const TAP_MS = 25;

/** The pairs of backends that people use together, and what names the devices to them where there is no default. */
const PAIRS: readonly (readonly [microphone: string, loudspeaker: string, ...flags: string[]])[] = [
  ['naudiodon', 'speaker'],
  ['arecord', 'aplay'],
  ['parecord', 'pacat'],
  ...(isOnPipewire ? [['pw-cat', 'pw-cat', '--mic.device=mic.monitor', '--speaker.device=spk'] as const] : []),
];

/** Replies that arrive at real time or faster, of which every sample must be heard. */
const SHAPES: readonly [name: string, durationMs: number, options: ReplyOptions][] = [
  ['20 ms', 20, { speed: 4, chunkMs: 20 }],
  ['300 ms at real time', 300, { speed: 1 }],
  ['2 s at real time', 2_000, { speed: 1 }],
  ['2 s, three times as fast', 2_000, { speed: 3 }],
  ['5 s, fifty times as fast', 5_000, { speed: 50 }],
  ['1 s at once', 1_000, { speed: Number.POSITIVE_INFINITY }],
];

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Says the hotword and something behind it; resolves when the server has heard of it. */
async function begin({ sound, server, device }: Room): Promise<void> {
  await device.waitForState('listening', BACK_WITHIN_MS);
  const { sound: words } = await utter('what is the weather like today');
  await sound.speak(words);
  await server.next('hotword_detected');
  await device.waitForState('activeSession.userTurn');
}

/** Whether the device's last word of its loudspeaker is that it is gone. */
function isSpeakerLost({ device }: Room): boolean {
  return device.events.findLast(({ event }) => event?.startsWith('speaker.'))?.event === 'speaker.lost';
}

for (const [microphone, loudspeaker, ...devices] of PAIRS) {
  describe(`${microphone} and ${loudspeaker}`, () => {
    const flags = [`--mic.backend=${microphone}`, `--speaker.backend=${loudspeaker}`, ...devices];

    it('replies of every shape are heard to the last sample, and completed then, not before', async (test) => {
      const room = await furnish(test, { flags });
      await begin(room);
      const lateMs: number[] = [];
      for (const [index, [name, durationMs, options]] of SHAPES.entries()) {
        const samples = whiteNoise(durationMs, -20, index + 1);
        const fromMs = performance.now();
        const { playbackComplete } = await answer(room.server, samples, options);
        await room.sound.speaker.untilSilent(fromMs, 100, 5_000);
        const { missing, doubled, damaged } = align(samples, room.sound.speaker.recording(fromMs));
        assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 }, name);
        lateMs.push(playbackComplete.atMs - (room.sound.speaker.lastSoundMs(fromMs) ?? Number.NaN));
        await room.device.waitForState('activeSession.userTurn');
      }
      test.diagnostic(`completed so many ms after the last sample: ${lateMs.map(Math.round).join(', ')}`);
      assert.ok(Math.min(...lateMs) >= -TAP_MS, `early: ${lateMs}`);
      assert.ok(median(lateMs) <= COMPLETE_WITHIN_MS, `late: ${lateMs}`);
      assert.ok(room.device.all('reply.completed').every(({ underruns }) => underruns === 0));
    });

    it('the sound server may crash while it listens, speaks and plays out', async (test) => {
      const room = await furnish(test, { flags });
      for (const when of ['listening', 'reply', 'draining']) {
        let sending: Promise<unknown> = Promise.resolve();
        room.server.forget();
        if (when !== 'listening') {
          await begin(room);
          room.device.mark();
          sending = room.server.reply(whiteNoise(3_000, -20), { speed: when === 'reply' ? 1 : 50 });
          await room.device.waitFor('reply.started');
          if (when === 'draining') await room.device.waitForState('activeSession.draining');
        }
        room.device.mark();
        await room.sound.kill();
        await room.device.waitFor('mic.lost');
        const restartedMs = await room.sound.restart();
        await room.device.waitFor('mic.ready');
        await room.device.waitForState('listening');
        // Where the microphone's loss came first, the session and with it the sound was over before the player failed.
        if (isSpeakerLost(room)) await room.device.waitFor('speaker.ready');
        const signs = [
          ...room.device.all('mic.ready'),
          ...room.device.all('speaker.ready'),
          ...room.device.all('state.changed'),
        ];
        const backMs = Math.max(...signs.map(({ atMs }) => atMs)) - restartedMs;
        test.diagnostic(`${when}: back ${Math.round(backMs)} ms after the sound server`);
        assert.ok(backMs <= BACK_WITHIN_MS, `${when}: ${backMs} ms`);
        await sending;
        const completions = () => room.server.all('playback_complete').length;
        const broken = when === 'listening' ? 0 : 1;
        await room.server.until(() => completions() >= broken, 1_000, `${when}: the end of the broken reply`);
        assert.equal(completions(), broken, when);
        room.server.forget();
        await begin(room);
        const words = whiteNoise(300, -20);
        const wordsMs = performance.now();
        await answer(room.server, words);
        await room.sound.speaker.untilSilent(wordsMs, 100, 5_000);
        const { missing, doubled, damaged } = align(words, room.sound.speaker.recording(wordsMs));
        assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 }, when);
        assert.equal(completions(), 1, `${when}: the conversation after it`);
        await room.server.endSession();
      }
    });
  });
}

describe('a microphone of 48 kHz, 32 bit and two channels', () => {
  const format = ['--mic.rate_hz=48000', '--mic.bits=32', '--mic.channels=2'];
  // The virtual microphone is mono: ALSA makes a second channel of it, parecord leaves channels as they are.
  for (const [microphone, channel] of Object.entries({ naudiodon: 2, arecord: 2, parecord: 1 })) {
    it(`is understood through ${microphone}`, async (test) => {
      const flags = [`--mic.backend=${microphone}`, ...format, `--mic.channel=${channel}`];
      const room = await furnish(test, { flags });
      assert.equal(room.device.all('mic.ready').at(-1)?.rateHz, 48_000);
      await begin(room);
      await answer(room.server, whiteNoise(300, -20));
    });
  }
});

describe('a loudspeaker that is kept awake', () => {
  for (const loudspeaker of ['speaker', 'aplay', 'pacat']) {
    it(`plays silence through ${loudspeaker} until there is a reply, and again after it`, async (test) => {
      const room = await furnish(test, { flags: [`--speaker.backend=${loudspeaker}`, '--speaker.keep_alive=true'] });
      const playing = () => outputOf('pactl', ['list', 'short', 'sink-inputs'], room.sound.env);
      await begin(room);
      assert.notEqual(await playing(), '');
      const samples = whiteNoise(500, -20);
      const fromMs = performance.now();
      await answer(room.server, samples);
      await room.sound.speaker.untilSilent(fromMs, 300, 5_000);
      const { missing, doubled, damaged } = align(samples, room.sound.speaker.recording(fromMs));
      assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 });
      assert.notEqual(await playing(), '');
      assert.equal(room.device.all('speaker.lost').length, 0);
    });
  }
});
