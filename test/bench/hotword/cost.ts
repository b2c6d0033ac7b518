import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { HotwordListener } from '../../../src/hotword/listener.js';
import { engineSource } from '../../../src/parts.js';
import { readWav } from '../../../src/pcm/wav.js';
import { configOf } from '../../helpers/config.js';
import { answerOnce } from './children.js';

/** What is to be measured: an engine that hears sounds as fast as a microphone gives them. */
export interface CostJob {
  settings: Readonly<Record<string, string>>;
  /** WAV files at 16 kHz, each measured for itself. */
  sounds: readonly string[];
  /** How much of each is heard, in seconds. */
  seconds: number;
}

/** What it costs. */
export interface Cost {
  /** For each sound the CPU time in % of a core. */
  cpuPercent: number[];
  /** The longest that one block of 20 ms took, in milliseconds, for each sound. */
  worstMs: number[];
  /** Proportional memory of the process at the end, in MB. */
  pssMb: number;
}

const BLOCK_MS = 20;

async function measure({ settings, sounds, seconds }: CostJob): Promise<Cost> {
  const config = configOf(settings);
  const engine = await engineSource(config, pino({ level: 'silent' })).make();
  const listener = new HotwordListener({
    engine,
    refractoryMs: config.hotword.refractory_ms,
    onDetection: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  const blockSamples = (engine.rateHz * BLOCK_MS) / 1000;
  const cost: Cost = { cpuPercent: [], worstMs: [], pssMb: 0 };
  for (const path of sounds) {
    const { samples } = await readWav(path);
    const feed = async (from: number, to: number) => {
      const startedMs = performance.now();
      let worstMs = 0;
      for (let block = from; block < to; block++) {
        await pause(startedMs + (block - from) * BLOCK_MS - performance.now());
        const beginMs = performance.now();
        listener.feed(samples.subarray(block * blockSamples, (block + 1) * blockSamples));
        worstMs = Math.max(worstMs, performance.now() - beginMs);
      }
      return worstMs;
    };
    // Code is compiled and caches are filled while nobody measures.
    const warmUp = 5 * (1000 / BLOCK_MS);
    await feed(0, warmUp);
    const before = process.cpuUsage();
    cost.worstMs.push(await feed(warmUp, warmUp + seconds * (1000 / BLOCK_MS)));
    const { user, system } = process.cpuUsage(before);
    cost.cpuPercent.push((user + system) / 1e4 / seconds);
  }
  cost.pssMb = Number(/^Pss:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1] ?? 0) / 1024;
  engine.close();
  return cost;
}

answerOnce(measure);
