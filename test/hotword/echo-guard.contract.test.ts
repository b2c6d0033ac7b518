import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EchoGuard } from '../../src/hotword/echo-guard.js';
import type { HotwordEngine } from '../../src/hotword/engine.js';
import { HotwordListener } from '../../src/hotword/listener.js';
import { createPocketsphinx } from '../../src/hotword/pocketsphinx.js';
import { bytesOf, type PcmFormat, SPEECH_FORMAT } from '../../src/pcm/format.js';
import { loadResampling, type MakeResampler } from '../../src/pcm/resampler.js';
import { concat, say, scale, silence, type Voice } from '../helpers/speech.js';
import { FakeClock } from '../link/support.js';

const STEP = 320;
const STEP_MS = 20;
/** How far the device is ahead of what is heard. */
const AHEAD_MS = 200;
const SETTINGS = { phrases: ['hey tars'], pronunciations: {} };

describe('echo guard', () => {
  let engine: HotwordEngine;
  let ear: HotwordEngine;
  let makeResampler: MakeResampler;

  before(async () => {
    makeResampler = await loadResampling();
    ear = await createPocketsphinx({ ...SETTINGS, threshold: 1e-25 });
    engine = await createPocketsphinx({ ...SETTINGS, threshold: 1e-30 });
  });
  after(() => {
    ear.close();
    engine.close();
  });

  /** Plays a reply (in another format where one is given) into the room; says for each phrase the microphone hears whether it counts as echo. */
  function play(
    reply: Int16Array,
    person: Int16Array,
    roomMs: number,
    { echoDb = -10, ...played }: Played = {},
  ): boolean[] {
    const clock = new FakeClock();
    const guard = new EchoGuard({
      engine,
      nowMs: () => clock.nowMs(),
      makeResampler,
      onDeaf: (why) => assert.fail(why),
    });
    const { format, bytes } = played.as ?? { format: SPEECH_FORMAT, bytes: bytesOf };
    const judged: boolean[] = [];
    const listener = new HotwordListener({
      engine: ear,
      refractoryMs: 0,
      onDetection: () => judged.push(guard.isEcho),
      onFailure: (error) => assert.fail(error),
    });
    guard.opened(format);
    listener.reset();
    const heard = mix(concat(silence(AHEAD_MS + roomMs), scale(reply, 10 ** (echoDb / 20))), person);
    for (let at = 0; at < heard.length + 16_000; at += STEP) {
      const part = reply.slice(at, at + STEP);
      if (part.length > 0) guard.written(bytes(part));
      else guard.ended();
      const chunk = new Int16Array(STEP);
      chunk.set(heard.subarray(at, at + STEP));
      listener.feed(chunk);
      clock.advance(STEP_MS);
    }
    return judged;
  }

  it('knows the phrase in 60 replies for their own, in rooms near and far', async () => {
    let echoes = 0;
    for (const voice of ['slt', 'rms', 'awb'] as const) {
      for (const [front, back] of PHRASES) {
        const reply = await sentence(voice, front, back);
        for (const roomMs of ROOMS_MS) {
          const judged = play(reply, silence(0), roomMs);
          assert.ok(!judged.includes(false), `${voice}, "${front} hey tars ${back}", ${roomMs} ms: it woke itself`);
          echoes += judged.length;
        }
      }
    }
    assert.ok(echoes >= 30, `only ${echoes} echoes were heard at all, so nothing was tested`);
  });

  it('knows it at 48 kHz in stereo of 24 bit as well', async () => {
    const reply = await sentence('slt', 'You said', 'and so I woke up');
    const judged = play(reply, silence(0), 150, {
      as: { format: { rateHz: 48_000, bits: 24, channels: 2 }, bytes: wide },
    });
    assert.deepEqual(judged, [true]);
  });

  it('says once where it cannot listen: to another rate without libspeexdsp', async () => {
    const told: string[] = [];
    const guard = new EchoGuard({
      engine,
      nowMs: () => 0,
      makeResampler: await loadResampling({ library: 'libnothing.so.9' }),
      onDeaf: (why) => told.push(why),
    });
    for (const rateHz of [44_100, 16_000, 48_000]) {
      guard.opened({ ...SPEECH_FORMAT, rateHz });
      guard.written(new Uint8Array(960));
      guard.ended();
    }
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /install the package libspeexdsp1/);
  });

  it('lets a person through who says it into a reply that does not', async () => {
    const reply = await say(
      'The history of the lighthouse begins in Alexandria, at the entrance of the harbour.',
      'awb',
    );
    const person = concat(silence(2_000), await say('hey tars', 'rms'));
    assert.deepEqual(play(reply, person, 80, { echoDb: -20 }), [false]);
  });
});

/** How a reply is played. */
interface Played {
  /** The echo's level. @default -10 */
  echoDb?: number;
  /** Another format, and how samples of 16 kHz are brought to it. */
  as?: { format: PcmFormat; bytes: (samples: Int16Array) => Uint8Array };
}

/** Each sample three times, on both channels of 24 bit: what that adds is above the speech. */
function wide(samples: Int16Array): Uint8Array {
  const bytes = Buffer.alloc(samples.length * 18);
  for (let i = 0; i < samples.length * 6; i++) bytes.writeInt16LE(samples[Math.floor(i / 6)] ?? 0, i * 3 + 1);
  return bytes;
}

/** From the device to the microphone's chunk; a chunk alone is 60 ms. */
const ROOMS_MS = [80, 150, 250, 500];

const PHRASES: readonly [string, string][] = [
  ['To interrupt me you may say', ''],
  ['You said', 'and so I woke up'],
  ['The hotword is', 'as you know'],
  ['My name is not', 'my name is something else'],
  ['People call out', 'when they want something from me'],
  ['Nobody calls me anything but', ''],
];

async function sentence(voice: Voice, front: string, back: string): Promise<Int16Array> {
  const parts = [await say(front, voice), silence(80), await say('hey tars', voice), silence(120)];
  return concat(...parts, back === '' ? silence(0) : await say(back, voice));
}

function mix(a: Int16Array, b: Int16Array): Int16Array {
  const sum = new Int16Array(Math.max(a.length, b.length));
  for (let at = 0; at < sum.length; at++) sum[at] = Math.max(-32_768, Math.min(32_767, (a[at] ?? 0) + (b[at] ?? 0)));
  return sum;
}
