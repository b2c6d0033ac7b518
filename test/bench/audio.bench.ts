import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import { bytesOf, SPEECH_FORMAT } from '../../src/pcm/format.js';
import { SPEAKERS } from '../../src/speaker/registry.js';
import type { Speaker } from '../../src/speaker/speaker.js';
import { Device } from '../helpers/device.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { descendants } from '../helpers/process-tree.js';
import { utter } from '../helpers/room.js';
import { concat, silence } from '../helpers/speech.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { VirtualSound } from '../helpers/virtual-sound.js';
import { Hearing } from '../mic/hearing.js';
import { Told } from '../speaker/support.js';
import { report } from './figures.js';
import { costOver, memoryOf } from './process-cost.js';

/*
 * The figures of sound: moments at the sink are those of the recording, which gets a sample when the sound server has
 * rendered it: up to 25 ms before it is due. BENCH_REPLIES sets the length of the last part (10000: ten minutes).
 */

const REPLIES = 12;
const ROUNDS = 15;
const WATCHED_MS = 5_000;
const SLOPE_REPLIES = Number(process.env.BENCH_REPLIES ?? 1_000);
const PAIRS = [
  ['naudiodon', 'speaker'],
  ['arecord', 'aplay'],
  ['parecord', 'pacat'],
] as const;

const common = { clock: systemClock, log: pino({ level: 'silent' }) };
const sound = new VirtualSound();

const print = (line: string) => process.stdout.write(`${line}\n`);
const tell = (what: string, of: string, values: readonly number[], unit = 'ms') =>
  report({ bench: 'audio', what, of, unit, values });

/** The cost of the client and all its children over a time. */
async function watch(device: Device, of: string, doing: string): Promise<void> {
  const cost = await costOver(device.pid, WATCHED_MS);
  tell(`${doing}: CPU`, of, [cost.corePercent], '% of a core');
  tell(`${doing}: memory of ${cost.processes} processes (PSS)`, of, [cost.pssMb], 'MB');
}

async function conversation(microphone: string, loudspeaker: string): Promise<void> {
  const of = `${microphone} and ${loudspeaker}`;
  const server = new GemitarsServer();
  await server.start();
  const flags = [`--server.url=${server.url}`, `--mic.backend=${microphone}`, `--speaker.backend=${loudspeaker}`];
  const device = new Device({ env: sound.env, flags });
  try {
    await device.start();
    await device.waitForState('listening');
    await device.waitFor('speaker.ready');
    await device.waitFor('link.up');
    await watch(device, of, 'listening');
    await sound.speak((await utter('what is the weather like today')).sound);
    await server.next('hotword_detected');
    const firstMs: number[] = [];
    const completeMs: number[] = [];
    for (let round = 0; round < REPLIES; round++) {
      const fromMs = performance.now();
      const { reply, playbackComplete } = await answer(server, whiteNoise(1_000, -20, round + 1), { speed: 3 });
      await sound.speaker.untilSilent(fromMs, 100, 5_000);
      firstMs.push((sound.speaker.firstSoundMs(fromMs) ?? Number.NaN) - reply.firstByteAtMs);
      completeMs.push(playbackComplete.atMs - (sound.speaker.lastSoundMs(fromMs) ?? Number.NaN));
      await device.waitForState('activeSession.userTurn');
    }
    tell('first reply byte → first sample', of, firstMs);
    tell('last sample → playback_complete', of, completeMs);
    const speaking = answer(server, whiteNoise(WATCHED_MS + 1_500, -20), { speed: 1 });
    await device.waitForState('activeSession.reply');
    await watch(device, of, 'speaking');
    await speaking;
  } finally {
    await device.stop();
    await server.stop();
  }
}

/** Runs a speaker for as long as `use` takes. */
async function withSpeaker(backend: string, use: (speaker: Speaker) => Promise<void>): Promise<void> {
  const speaker = SPEAKERS[backend]?.({ device: '', ...common });
  if (!speaker) throw new Error(`no speaker ${backend}`);
  const told = new Told();
  const abort = new AbortController();
  const running = speaker.run(told, abort.signal);
  await told.until('ready', 0);
  await use(speaker);
  abort.abort();
  await running;
}

async function clearing(backend: string): Promise<void> {
  const silentMs: number[] = [];
  const resolvedMs: number[] = [];
  await withSpeaker(backend, async (speaker) => {
    for (let round = 0; round < ROUNDS; round++) {
      const fromMs = performance.now();
      const playback = speaker.open(SPEECH_FORMAT);
      playback.write(bytesOf(whiteNoise(2_000, -20, round + 1)));
      await sound.speaker.until(() => (sound.speaker.lastSoundMs(fromMs) ?? 0) > fromMs + 200, 5_000);
      const clearedMs = performance.now();
      await playback.clear();
      resolvedMs.push(performance.now() - clearedMs);
      await sound.speaker.untilSilent(clearedMs, 100, 5_000);
      silentMs.push((sound.speaker.lastSoundMs(fromMs) ?? Number.NaN) - clearedMs);
    }
  });
  tell('clear() → silence', backend, silentMs);
  tell('clear() → it resolves', backend, resolvedMs);
}

async function capturing(backend: string): Promise<void> {
  const settings = { device: '', rateHz: 16_000, bits: 16 as const, channels: 1, channel: 1, gainDb: 0 };
  const microphone = MICROPHONES[backend]?.({ settings, rateHz: 16_000, ...common });
  if (!microphone) throw new Error(`no microphone ${backend}`);
  const hearing = new Hearing();
  hearing.start(microphone);
  await hearing.until('ready', 0);
  const delayMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const from = hearing.chunkAtMs.length;
    const { startedAtMs } = await sound.speak(concat(whiteNoise(50, -20, round + 1), silence(300 + round * 7)));
    const first = hearing.firstChunkWithSound(from);
    if (first !== undefined) delayMs.push((hearing.chunkAtMs[first] ?? Number.NaN) - startedAtMs);
  }
  await hearing.stop();
  tell('sample in the air → chunk that has it', backend, delayMs);
}

/** Memory of the speaker package's child and of this process over many short sounds. */
async function slope(): Promise<void> {
  const short = bytesOf(whiteNoise(20, -20));
  await withSpeaker('speaker', async (speaker) => {
    const points: [number, number][] = [];
    for (let reply = 0; reply <= SLOPE_REPLIES; reply++) {
      if (reply % Math.ceil(SLOPE_REPLIES / 10) === 0) {
        const children = descendants(process.pid).filter(({ command }) => command.includes('package-child'));
        points.push([reply, memoryOf(children.map(({ pid }) => pid))]);
      }
      const playback = speaker.open(SPEECH_FORMAT);
      playback.write(short);
      await playback.drain();
    }
    print(`  its child, MB after so many replies: ${points.map(([at, mb]) => `${at}: ${mb.toFixed(1)}`).join(', ')}`);
    const grown = (points.at(-1)?.[1] ?? Number.NaN) - (points[0]?.[1] ?? Number.NaN);
    tell(`growth of its child over ${SLOPE_REPLIES} replies`, 'speaker package', [grown], 'MB');
  });
}

await sound.start();
Object.assign(process.env, sound.env);
try {
  for (const [microphone, loudspeaker] of PAIRS) {
    print(`${microphone} and ${loudspeaker}`);
    await conversation(microphone, loudspeaker);
    await clearing(loudspeaker);
    await capturing(microphone);
  }
  print('speaker package');
  await slope();
} finally {
  await sound.close();
}
