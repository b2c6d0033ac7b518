import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { HotwordConfigError, HotwordError, messageOf } from '../errors.js';
import { loadResampling } from '../pcm/resampler.js';
import type { HotwordEngine } from './engine.js';
import { type EngineHistory, EngineSource } from './engine-source.js';
import { guardThreshold, Hearing } from './hearing.js';
import { ECHO_UNKNOWN, type FromHearing, type HearingSetup, type ToHearing } from './hearing-messages.js';
import { createPocketsphinx } from './pocketsphinx.js';
import type { EngineLog, HotwordSettings } from './registry.js';

/** The program of the thread that `ThreadEar` starts. */
async function run(port: NonNullable<typeof parentPort>, setup: HearingSetup): Promise<void> {
  const tell = (message: FromHearing) => port.postMessage(message);
  const logAt = (level: keyof EngineLog): EngineLog['warn'] => {
    return (fields, text) => tell({ type: 'log', level, fields, text });
  };
  const log: EngineLog = { debug: logAt('debug'), warn: logAt('warn'), error: logAt('error') };
  const onHistory = (history: EngineHistory) => tell({ type: 'history', history });
  let engine: HotwordEngine;
  try {
    engine = await new EngineSource({ settings: setup.settings, history: setup.history, onHistory, log }).make();
  } catch (error) {
    if (!(error instanceof HotwordError)) throw error;
    tell({ type: 'refused', why: error.message, isConfiguration: error instanceof HotwordConfigError });
    return;
  }
  const isGuarded = setup.isGuarded && engine.phrases.length > 0;
  const guardEngine = isGuarded ? await makeGuardEngine(setup.settings, log) : undefined;
  const guard = guardEngine && { engine: guardEngine, makeResampler: await loadResampling() };
  const { refractoryMs, heardSamples } = setup;
  const hearing = new Hearing({ engine, guard, refractoryMs, heardSamples, tell });
  port.on('message', (message: ToHearing) => {
    if (message.type !== 'close') {
      hearing.take(message);
      return;
    }
    hearing.close();
    port.close();
  });
  const { name, phrases, tuning } = engine;
  const addons = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.endsWith('.node'));
  tell({ type: 'ready', engine: name, phrases, thresholds: tuning?.thresholds, addons });
}

/** What keeps a reply from interrupting itself: without a `speechThreshold`, as all of a reply is the middle of speech. */
async function makeGuardEngine(
  { phrases, pocketsphinx }: HotwordSettings,
  log: EngineLog,
): Promise<HotwordEngine | undefined> {
  const { pronunciations } = pocketsphinx;
  const threshold = guardThreshold(pocketsphinx.threshold);
  const thresholds = Object.fromEntries(
    Object.entries(pocketsphinx.thresholds ?? {}).map(([phrase, own]) => [phrase, guardThreshold(own)]),
  );
  try {
    return await createPocketsphinx({ phrases, threshold, thresholds, pronunciations });
  } catch (error) {
    log.warn({ why: messageOf(error) }, ECHO_UNKNOWN);
    return undefined;
  }
}

if (parentPort) await run(parentPort, workerData as HearingSetup);
