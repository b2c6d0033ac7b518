import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { InnerDevice } from '../helpers/inner-device.js';
import { outputOf } from '../helpers/processes.js';
import { EXTREMES, playByte, playReply, randomFrom, randomShape, roomInConversation } from '../helpers/reply-shapes.js';
import { silence } from '../helpers/speech.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { report } from './figures.js';

/*
 * Many replies: of every shape, through real players, for what `playback_complete` promises; and very many short ones,
 * through the whole program without sound and faster than real time, for what they leave in memory. BENCH_SHAPES and
 * BENCH_REPLIES say how many.
 */

const SHAPES = Number(process.env.BENCH_SHAPES ?? 500);
const REPLIES = Number(process.env.BENCH_REPLIES ?? 1_000);
const LOUDSPEAKERS = ['speaker', 'aplay', 'pacat'];
const LATENCY_EVERY_MS = 2_000;
const SPEED = 10;
const POINTS = 20;

const print = (line: string) => process.stdout.write(`${line}\n`);
const tell = (what: string, of: string, values: readonly number[], unit = 'ms') =>
  report({ bench: 'audio-replies', what, of, unit, values });

/** Milliseconds that the sound server holds of each stream that plays now, and the sink's own. */
async function latenciesMs(env: NodeJS.ProcessEnv): Promise<{ stream: number; sink: number }[]> {
  const text = await outputOf('pactl', ['list', 'sink-inputs'], env);
  return [...text.matchAll(/Buffer Latency: (\d+) usec\s+Sink Latency: (\d+) usec/g)].map(([, stream, sink]) => ({
    stream: Number(stream) / 1_000,
    sink: Number(sink) / 1_000,
  }));
}

/**
 * Replies of random and of extreme shapes through one player, at least three. One that is not heard whole or completed
 * early is printed, and makes the bench fail.
 */
async function shapes(loudspeaker: string, count: number, seed: number): Promise<void> {
  const ends: (() => Promise<void>)[] = [];
  const completeMs: number[] = [];
  const latencies: { stream: number; sink: number }[] = [];
  const faults: string[] = [];
  let whole = 0;
  let gaps = 0;
  let sampler: NodeJS.Timeout | undefined;
  try {
    const room = await roomInConversation(loudspeaker, (end) => ends.unshift(end));
    sampler = setInterval(
      () => void latenciesMs(room.sound.env).then((now) => latencies.push(...now)),
      LATENCY_EVERY_MS,
    );
    const random = randomFrom(seed);
    const all = [...EXTREMES, ...Array.from({ length: count - EXTREMES.length - 1 }, () => randomShape(random))];
    await playByte(room);
    whole += 1;
    for (const [round, shape] of all.entries()) {
      try {
        const played = await playReply(room, shape, round + 1);
        whole += 1;
        if (played.completeMs !== undefined) completeMs.push(played.completeMs);
        if (!shape.isSlow && played.inserted > 0) gaps += 1;
      } catch (error) {
        faults.push(String(error));
        await room.device.waitForState('activeSession.userTurn');
      }
    }
  } finally {
    clearInterval(sampler);
    for (const end of ends) await end();
  }
  print(`${loudspeaker}: ${whole} of ${count} replies heard whole and completed after their last sample`);
  print(`  with gaps although it came faster than it plays: ${gaps} (a machine without time for it)`);
  tell('replies heard whole and completed after their last sample', loudspeaker, [whole], `of ${count}`);
  tell('replies with gaps', loudspeaker, [gaps], `of ${count}`);
  tell('last sample → playback_complete', loudspeaker, completeMs);
  const streams = latencies.map(({ stream }) => stream);
  tell('what the sound server holds of the stream', loudspeaker, streams);
  const sinks = latencies.map(({ sink }) => sink);
  tell('what its sink holds', loudspeaker, sinks);
  for (const fault of faults) print(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

/** Least squares: how much `ys` grows for each step of `xs`. */
function slope(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const spreadOfXs = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  return xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] ?? my) - my), 0) / spreadOfXs;
}

/** The program's memory over very many short replies; server and program are in this process. */
async function memory(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const server = new GemitarsServer();
  await server.start();
  const calm = { 'link.ping_idle_ms': '600000', 'link.ping_session_ms': '600000', 'link.pong_timeout_ms': '600000' };
  const device = new InnerDevice({
    settings: { 'server.url': server.url, 'cues.enabled': 'false', ...calm },
    heard: silence(100),
    speed: SPEED,
  });
  const xs: number[] = [];
  const heap: number[] = [];
  const rss: number[] = [];
  const startedMs = performance.now();
  try {
    await device.start();
    await device.until(() => device.all('link.up').length > 0, 'link.up');
    device.talk();
    await server.next('hotword_detected');
    const samples = whiteNoise(20, -20);
    for (let reply = 0; reply <= REPLIES; reply++) {
      if (reply % Math.ceil(REPLIES / POINTS) === 0) {
        collect();
        xs.push(reply);
        heap.push(process.memoryUsage().heapUsed);
        rss.push(process.memoryUsage().rss / 2 ** 20);
      }
      await server.reply(samples, { speed: Number.POSITIVE_INFINITY });
      await server.next('playback_complete');
      await device.until(() => device.state === 'activeSession.userTurn', 'userTurn');
      // What the bench itself remembers.
      server.forget();
      device.lines.length = 0;
      device.events.splice(0, device.events.length, ...device.all('state.changed').slice(-1));
    }
  } finally {
    await device.stop();
    await server.stop();
  }
  // The first points are of a program that is still being compiled.
  const from = Math.ceil(xs.length / 4);
  const grown = slope(xs.slice(from), heap.slice(from));
  print(
    `${REPLIES} replies in ${((performance.now() - startedMs) / 1000).toFixed(0)} s, program and server in one process`,
  );
  print(`  heap: ${heap.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(', ')} MB`);
  print(`  RSS: ${rss.map((mb) => mb.toFixed(0)).join(', ')} MB`);
  tell('heap, after the first quarter', `${REPLIES} replies`, [grown], 'bytes a reply');
}

const each = Math.ceil(SHAPES / LOUDSPEAKERS.length);
if (each > 0) await Promise.all(LOUDSPEAKERS.map((loudspeaker, index) => shapes(loudspeaker, each, index + 1)));
await memory();
