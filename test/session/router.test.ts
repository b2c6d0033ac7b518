import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Detection, HotwordEngine } from '../../src/hotword/engine.js';
import { HotwordListener } from '../../src/hotword/listener.js';
import { SpeechDetector } from '../../src/pcm/level.js';
import { SampleRing } from '../../src/pcm/ring.js';
import { Router } from '../../src/session/router.js';
import { mix, speechLike, whiteNoise } from '../helpers/synthetic-speech.js';
import { FakeClock } from '../link/support.js';

const CHUNK = 640;
const CHUNK_MS = CHUNK / 16;

/** An engine that hears its phrase end at the sample with this value. */
class MarkEngine implements HotwordEngine {
  readonly name = 'mark';
  readonly phrases = ['mark'];
  readonly rateHz = 16_000;
  readonly chunkSamples = 512;
  heard: number[] = [];
  resets = 0;
  mark = Number.NaN;

  process(chunk: Int16Array): Detection | undefined {
    this.heard.push(...chunk);
    const at = chunk.indexOf(this.mark);
    return at < 0 ? undefined : { phrase: 'mark', score: 1, endedSamplesAgo: chunk.length - at };
  }
  reset(): void {
    this.resets += 1;
  }
  close(): void {}
}

function bench(preRollSamples = 1_000, hearsInTurn = false) {
  const clock = new FakeClock();
  const echoDb: number[] = [];
  const engine = new MarkEngine();
  const sent: number[] = [];
  const messages: number[] = [];
  const interruptions: number[] = [];
  let onHit: (endedAt: number) => void = () => undefined;
  const listener = new HotwordListener({
    engine,
    refractoryMs: 0,
    onDetection: ({ endedAt }) => onHit(endedAt),
    onFailure: (error) => assert.fail(error),
  });
  const router = new Router({
    ring: new SampleRing(20_000),
    ear: listener,
    preRollSamples,
    settleMs: 2 * CHUNK_MS,
    clock,
    hearsInTurn,
    makeDetector: (loudestDb) => {
      echoDb.push(loudestDb);
      return new SpeechDetector({ rateHz: 16_000 });
    },
    onInterruption: (startedAt) => interruptions.push(startedAt),
    toServer: (samples) => {
      messages.push(samples.length);
      sent.push(...samples);
    },
  });
  let next = 0;
  /** Chunks whose samples are 0, 1, 2, … over the whole test, in time or all at once. */
  const feed = (chunks: number, isInTime = true) => {
    if (isInTime) clock.stand(chunks * CHUNK_MS);
    for (let i = 0; i < chunks; i++) {
      const chunk = new Int16Array(CHUNK);
      for (let at = 0; at < CHUNK; at++) chunk[at] = next++;
      router.chunk(chunk);
    }
  };
  return {
    clock,
    engine,
    router,
    sent,
    messages,
    interruptions,
    echoDb,
    feed,
    onHit: (react: typeof onHit) => (onHit = react),
  };
}

/** From, from + 1, … to - 1. */
const counted = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe('router', () => {
  it('sends nothing while it listens, and feeds every sample to the engine', () => {
    const { router, sent, feed, engine } = bench();
    router.turn({ to: 'engine' });
    feed(10);
    assert.deepEqual(sent, []);
    assert.deepEqual(engine.heard, counted(0, 6_144));
  });

  it('hands over exactly: pre-roll first, then every sample once, whether the link is up or comes later', () => {
    for (const chunksUntilLink of [0, 1, 7]) {
      const { router, sent, feed, engine, onHit, messages } = bench(1_000);
      engine.mark = 5_000;
      router.turn({ to: 'engine' });
      onHit((endedAt) => {
        router.turn({ to: 'hold', endedAt });
        if (chunksUntilLink === 0) router.turn({ to: 'server' });
      });
      feed(8);
      feed(chunksUntilLink);
      if (chunksUntilLink > 0) {
        assert.deepEqual(sent, []);
        router.turn({ to: 'server' });
      }
      feed(5);
      assert.deepEqual(sent, counted(4_000, (13 + chunksUntilLink) * CHUNK));
      assert.ok(Math.max(...messages) <= 2_560);
    }
  });

  it('sends from the start of the ring when the pre-roll reaches back further', () => {
    const { router, sent, feed } = bench(1_000);
    router.turn({ to: 'engine' });
    feed(1);
    router.turn({ to: 'hold', endedAt: 300 });
    router.turn({ to: 'server' });
    assert.deepEqual(sent, counted(0, CHUNK));
  });

  it('sends nothing of the gate and goes on with the first sample after it', () => {
    const { router, sent, feed } = bench(0);
    router.turn({ to: 'hold' });
    router.turn({ to: 'server' });
    feed(2);
    router.turn({ to: 'gate', armed: 'off' });
    feed(3);
    router.turn({ to: 'server' });
    feed(1);
    assert.deepEqual(sent, [...counted(0, 2 * CHUNK), ...counted(5 * CHUNK, 6 * CHUNK)]);
  });

  it('opens a fixed time after a reply, whether the order to open comes early or late', () => {
    for (const late of [0, 1, 2, 5]) {
      const { router, sent, feed } = bench(0);
      router.turn({ to: 'gate', armed: 'hotword' });
      feed(3);
      router.played();
      feed(late);
      router.turn({ to: 'server' });
      feed(6 - late);
      assert.deepEqual(sent, counted(5 * CHUNK, 9 * CHUNK));
    }
  });

  it('does so also where the chunks are late when the reply has been played', () => {
    const { router, sent, feed, clock } = bench(0);
    router.turn({ to: 'gate', armed: 'hotword' });
    feed(3);
    clock.stand(4 * CHUNK_MS);
    router.played();
    feed(4, false);
    router.turn({ to: 'server' });
    feed(3);
    assert.deepEqual(sent, counted(9 * CHUNK, 10 * CHUNK));
  });

  it('forgets a reply that was played before another one', () => {
    const { router, sent, feed } = bench(0);
    router.turn({ to: 'gate', armed: 'hotword' });
    router.played();
    router.turn({ to: 'gate', armed: 'hotword' });
    feed(6);
    router.turn({ to: 'server' });
    feed(1);
    assert.deepEqual(sent, counted(6 * CHUNK, 7 * CHUNK));
  });

  it('sends nothing from before a key was pressed', () => {
    const { router, sent, feed } = bench(1_000);
    router.turn({ to: 'engine' });
    feed(5);
    router.turn({ to: 'hold' });
    feed(1);
    router.turn({ to: 'server' });
    assert.deepEqual(sent, counted(5 * CHUNK, 6 * CHUNK));
  });

  it('feeds the engine behind the gate only when it is armed, beginning anew', () => {
    const { router, feed, engine } = bench();
    router.turn({ to: 'gate', armed: 'off' });
    feed(2);
    assert.deepEqual(engine.heard, []);
    router.turn({ to: 'gate', armed: 'hotword' });
    feed(4);
    assert.equal(engine.heard[0], 2 * CHUNK);
    assert.equal(engine.resets, 1);
  });

  it("feeds the engine in the person's turn only where a phrase may end it", () => {
    for (const hearsInTurn of [false, true]) {
      const { router, feed, engine, sent } = bench(0, hearsInTurn);
      router.turn({ to: 'hold' });
      router.turn({ to: 'server' });
      feed(4);
      assert.deepEqual(engine.heard, hearsInTurn ? counted(0, 2_560) : []);
      assert.deepEqual(sent, counted(0, 4 * CHUNK));
    }
  });

  it('an interruption goes on from the end of the hotword', () => {
    const { router, sent, feed, engine, onHit } = bench(1_000);
    engine.mark = 2_000;
    router.turn({ to: 'gate', armed: 'hotword' });
    onHit((endedAt) => router.turn({ to: 'server', from: endedAt }));
    feed(5);
    assert.deepEqual(sent, counted(2_000, 5 * CHUNK));
  });

  it('an interruption by a phrase of before the gate, told late, sends nothing twice', () => {
    const { router, sent, feed } = bench(1_000);
    router.turn({ to: 'hold' });
    router.turn({ to: 'server' });
    feed(3);
    router.turn({ to: 'gate', armed: 'hotword' });
    feed(2);
    router.turn({ to: 'server', from: 2 * CHUNK });
    assert.deepEqual(sent, counted(0, 5 * CHUNK));
  });

  it('notices speech behind the gate where it is armed for speech, and says where it began', () => {
    for (const armed of ['hotword', 'speech'] as const) {
      const { router, interruptions } = bench();
      const noise = whiteNoise(2_000, -60);
      router.turn({ to: 'gate', armed });
      for (const sound of [noise, mix(speechLike(600, -20), whiteNoise(600, -60)), noise]) {
        for (let at = 0; at < sound.length; at += CHUNK) router.chunk(sound.slice(at, at + CHUNK));
      }
      assert.equal(interruptions.length, armed === 'speech' ? 1 : 0);
      if (armed === 'speech') {
        const lateMs = ((interruptions[0] ?? 0) - noise.length) / 16;
        assert.ok(lateMs > -300 && lateMs <= 0, `${lateMs} ms after the speech began`);
      }
    }
  });

  it('knows how loud this reply was at the microphone before speech could interrupt it', () => {
    const { router, echoDb } = bench();
    const hear = (levelDb: number) => router.chunk(whiteNoise(40, levelDb));
    for (const [before, unarmed] of [
      [-6, [-40, -30, -50]],
      [-6, []],
    ] as const) {
      router.turn({ to: 'server' });
      hear(before);
      router.turn({ to: 'gate', armed: 'hotword' });
      for (const db of unarmed) hear(db);
      router.turn({ to: 'gate', armed: 'speech' });
      hear(before);
    }
    assert.equal(echoDb.length, 2);
    assert.ok(Math.abs((echoDb[0] ?? 0) + 30) < 1, `${echoDb[0]}`);
    assert.equal(echoDb[1], -100);
  });

  it('never sends what was heard before the microphone was muted or lost', () => {
    const { router, sent, feed } = bench(1_000);
    router.turn({ to: 'engine' });
    feed(5);
    router.forget();
    feed(1);
    router.turn({ to: 'hold', endedAt: 6 * CHUNK });
    router.turn({ to: 'server' });
    assert.deepEqual(sent, counted(5 * CHUNK, 6 * CHUNK));
  });
});
