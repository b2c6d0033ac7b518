import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EchoGuard } from '../../src/hotword/echo-guard.js';
import type { HotwordEngine } from '../../src/hotword/engine.js';
import { HotwordListener } from '../../src/hotword/listener.js';
import { createPocketsphinx } from '../../src/hotword/pocketsphinx.js';
import { bytesOf, SPEECH_FORMAT } from '../../src/pcm/format.js';
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

  before(async () => {
    ear = await createPocketsphinx({ ...SETTINGS, threshold: 1e-25 });
    engine = await createPocketsphinx({ ...SETTINGS, threshold: 1e-30 });
  });
  after(() => {
    ear.close();
    engine.close();
  });

  /** Plays a reply into the room; says for each phrase the microphone hears whether it counts as echo. */
  function play(reply: Int16Array, person: Int16Array, roomMs: number, echoDb = -10): boolean[] {
    const clock = new FakeClock();
    const guard = new EchoGuard({ engine, nowMs: () => clock.nowMs() });
    const judged: boolean[] = [];
    const listener = new HotwordListener({
      engine: ear,
      refractoryMs: 0,
      onDetection: () => judged.push(guard.isEcho),
      onFailure: (error) => assert.fail(error),
    });
    guard.opened(SPEECH_FORMAT);
    listener.reset();
    const heard = mix(concat(silence(AHEAD_MS + roomMs), scale(reply, 10 ** (echoDb / 20))), person);
    for (let at = 0; at < heard.length + 16_000; at += STEP) {
      const part = reply.slice(at, at + STEP);
      if (part.length > 0) guard.written(bytesOf(part));
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

  it('lets a person through who says it into a reply that does not', async () => {
    const reply = await say(
      'The history of the lighthouse begins in Alexandria, at the entrance of the harbour.',
      'awb',
    );
    const person = concat(silence(2_000), await say('hey tars', 'rms'));
    assert.deepEqual(play(reply, person, 80, -20), [false]);
  });
});

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
