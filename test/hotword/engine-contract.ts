import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HotwordError } from '../../src/errors.js';
import type { HotwordEngine } from '../../src/hotword/engine.js';
import { type HotwordHit, HotwordListener } from '../../src/hotword/listener.js';

/** What the shared contract test needs to know of an engine. */
export interface EngineUnderTest {
  name: string;
  /** A fresh engine. */
  create(): Promise<HotwordEngine>;
  /** Sound at the engine's rate in which somebody says the phrase: where it ends, in samples. */
  spoken(): Promise<{ phrase: string; sound: Int16Array; endsAt: number }[]>;
  /** Speech without any of the phrases. */
  other(): Promise<Int16Array>;
  /** How far `endedSamplesAgo` may be off: told too early (negative) and too late, in milliseconds. */
  toleranceMs: { early: number; late: number };
  /** How long after the end of a phrase it may be told, in milliseconds. */
  delayMs: number;
}

/** So much of a phrase is not said yet when no engine tells it. */
const UNSAID_MS = 250;

interface Heard extends HotwordHit {
  /** Position in the sound at which it was told. */
  toldAt: number;
}

/** Everything an engine hears in a sound that comes in blocks of 512 samples, as from a microphone. */
export function heardIn(engine: HotwordEngine, ...sounds: readonly Int16Array[]): Heard[] {
  const heard: Heard[] = [];
  const listener: HotwordListener = new HotwordListener({
    engine,
    refractoryMs: 0,
    onDetection: (hit) => heard.push({ ...hit, toldAt: listener.position }),
    onFailure: (error) => {
      throw error;
    },
  });
  for (const sound of sounds) {
    for (let at = 0; at < sound.length; at += 512) listener.feed(sound.subarray(at, at + 512));
  }
  return heard;
}

/** The test that every hotword engine passes. */
export function testEngine(under: EngineUnderTest): void {
  const using = async (check: (engine: HotwordEngine) => void | Promise<void>) => {
    const engine = await under.create();
    try {
      await check(engine);
    } finally {
      engine.close();
    }
  };

  describe(`hotword engine ${under.name}`, () => {
    test('hears each phrase once, says which, how sure it is, and where it ended', async () => {
      for (const { phrase, sound, endsAt } of await under.spoken()) {
        await using((engine) => {
          const ms = (samples: number) => (samples * 1000) / engine.rateHz;
          const hits = heardIn(engine, sound, new Int16Array(engine.rateHz));
          assert.deepEqual(
            hits.map((hit) => hit.phrase),
            [phrase],
          );
          for (const { score, endedAt, toldAt } of hits) {
            assert.ok(score >= 0 && score <= 1, `score ${score}`);
            assert.ok(Number.isInteger(endedAt), `a position of ${endedAt}`);
            const offMs = ms(endedAt - endsAt);
            assert.ok(
              offMs >= -under.toleranceMs.early && offMs <= under.toleranceMs.late,
              `the end is off by ${offMs} ms`,
            );
            assert.ok(ms(toldAt - endsAt) <= under.delayMs, `told ${ms(toldAt - endsAt)} ms after the end`);
          }
        });
      }
    });

    test('hears the phrase again and again, with and without a reset between', async () => {
      const [first] = await under.spoken();
      assert.ok(first);
      await using((engine) => {
        const pause = new Int16Array(engine.rateHz);
        for (let round = 1; round <= 20; round++) {
          assert.equal(heardIn(engine, first.sound, pause).length, 1, `round ${round}`);
          if (round % 2 === 0) engine.reset();
        }
      });
    });

    test('hears nothing in silence and nothing in other speech', async () => {
      const other = await under.other();
      await using((engine) => {
        assert.deepEqual(heardIn(engine, new Int16Array(engine.rateHz * 20), other), []);
      });
    });

    test('a reset forgets the phrase that has just been said', async () => {
      const [first] = await under.spoken();
      assert.ok(first);
      await using((engine) => {
        // Some engines tell a phrase in its last sound.
        const cut = first.endsAt - Math.round((engine.rateHz * UNSAID_MS) / 1000);
        assert.deepEqual(heardIn(engine, first.sound.subarray(0, cut)), [], 'told long before its end');
        engine.reset();
        assert.deepEqual(heardIn(engine, first.sound.subarray(cut), new Int16Array(engine.rateHz)), []);
      });
    });

    test('leaves the chunk as it was', async () => {
      await using((engine) => {
        const chunk = Int16Array.from({ length: engine.chunkSamples }, (_, i) => i);
        const copy = chunk.slice();
        engine.process(chunk);
        assert.deepEqual(chunk, copy);
      });
    });

    test('may be closed twice, and says so when it is used afterwards', async () => {
      const engine = await under.create();
      engine.close();
      engine.close();
      assert.throws(() => engine.process(new Int16Array(engine.chunkSamples)), HotwordError);
      assert.throws(() => engine.reset(), HotwordError);
    });
  });
}
