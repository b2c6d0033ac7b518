import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import { StreamMicrophone } from '../../src/mic/stdin.js';
import { bytesOf } from '../../src/pcm/format.js';

/** The microphone with somebody who talks into it all the time; `said` is one sample of what is said just now. */
function bench() {
  const stream = new PassThrough();
  const microphone = new StreamMicrophone({ stream, inputRateHz: 16_000, gainDb: 0, rateHz: 16_000 });
  const heard: number[] = [];
  const lost: string[] = [];
  const listener = {
    chunk: (samples: Int16Array) => void heard.push(...new Set(samples)),
    ready: () => undefined,
    lost: ({ why }: { why: string }) => void lost.push(why),
  };
  const capture = async () => {
    const abort = new AbortController();
    const over = microphone.capture(listener, abort.signal);
    await settled();
    return () => {
      abort.abort();
      return over;
    };
  };
  const say = async (said: number) => {
    stream.write(bytesOf(new Int16Array(640).fill(said)));
    await settled();
  };
  return { stream, heard, lost, capture, say };
}

describe('standard input as a microphone', () => {
  it('hands on nothing of what came while it was muted', async () => {
    const { heard, capture, say } = bench();
    const mute = await capture();
    await say(1);
    await mute();
    for (let i = 0; i < 50; i++) await say(2);
    const end = await capture();
    await say(3);
    await end();
    assert.deepEqual(heard, [1, 3]);
  });

  it('is lost at its end, also where that came while it was muted', async () => {
    const { stream, lost, capture } = bench();
    await (await capture())();
    stream.end();
    await settled();
    assert.deepEqual(lost, []);
    await (await capture())();
    assert.deepEqual(lost, ['standard input has ended']);
  });

  it('is lost by an error, which ends nothing else, also where that came while it was muted', async () => {
    for (const isMuted of [false, true]) {
      const { stream, lost, capture } = bench();
      const mute = await capture();
      if (isMuted) await mute();
      stream.destroy(Object.assign(new Error('read EIO'), { code: 'EIO' }));
      await settled();
      if (isMuted) await capture();
      assert.deepEqual(lost, ['standard input: read EIO']);
    }
  });
});
