import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { Device } from './device.js';
import { answer } from './gemitars-scripts.js';
import { GemitarsServer, type ReplyOptions } from './gemitars-server.js';
import { type Room, utter } from './room.js';
import { RATE_HZ } from './sound-tap.js';
import { concat, silence } from './speech.js';
import { whiteNoise } from './synthetic-speech.js';
import { VirtualSound } from './virtual-sound.js';

/** The recording puts its samples up to so much too early: it gets them when the sound server has rendered them. */
const TAP_MS = 25;
/** The device listens, is connected and has its loudspeaker before the hotword. */
const STARTING_MS = 2_500;
/** So many samples of a sound in a row are no accident. */
const RESUMED_SAMPLES = 32;
/** Between two silences of a slow reply there is sound again within this time. */
const SETTLED_MS = 150;

/** What no random shape has: nothing, and more than the pipe into a player and all buffers hold. */
export const EXTREMES: readonly ReplyShape[] = [
  { name: 'nothing', durationMs: 0, options: {} },
  { name: '8 s, four times as fast', durationMs: 8_000, options: { speed: 4 } },
];

/** How long a reply is and how it arrives. */
export interface ReplyShape {
  name: string;
  durationMs: number;
  options: ReplyOptions;
  /** It arrives slower than it plays, or may: silence is put in. */
  isSlow?: boolean;
}

/** What became of one reply. */
export interface PlayedReply {
  /** From the first byte sent to the first sample at the sink; undefined for a reply without sound. */
  firstMs: number | undefined;
  /** From the last sample at the sink to `playback_complete`; undefined for a reply without sound. */
  completeMs: number | undefined;
  /** Silence put in, in samples. */
  inserted: number;
  underruns: number;
}

/**
 * A room in the middle of a conversation, with a person who says the hotword and nothing more: what they say is a file, so
 * that only the loudspeaker is a device. `after` is told how to take the room down, in order.
 */
export async function roomInConversation(
  loudspeaker: string,
  after: (end: () => Promise<void>) => void,
): Promise<Room> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-replies-'));
  after(() => rm(folder, { recursive: true, force: true }));
  const words = join(folder, 'words.wav');
  await writeWav(words, concat(silence(STARTING_MS), (await utter('what is the weather like today')).sound), RATE_HZ);
  const sound = new VirtualSound();
  after(() => sound.close());
  await sound.start();
  const server = new GemitarsServer();
  after(() => server.stop());
  await server.start();
  const flags = [`--server.url=${server.url}`, '--mic.backend=file', `--mic.device=${words}`];
  const device = new Device({ env: sound.env, flags: [...flags, `--speaker.backend=${loudspeaker}`] });
  after(async () => void (await device.stop()));
  await device.start();
  await server.next('hotword_detected', 20_000);
  await device.waitForState('activeSession.userTurn');
  // The cue of the hotword is not part of any reply.
  await sound.speaker.untilSilent(performance.now(), SETTLED_MS, 5_000);
  return { sound, server, device };
}

/**
 * Sends a reply of noise in a conversation. Throws AssertionError where a sample of it is not heard, in its order, or
 * `playback_complete` comes before the last sample or more than once.
 */
export async function playReply(
  { sound, server, device }: Room,
  shape: ReplyShape,
  seed: number,
): Promise<PlayedReply> {
  const { name, durationMs, options } = shape;
  const samples = whiteNoise(durationMs, -20, seed);
  const completions = server.all('playback_complete').length;
  const fromMs = performance.now();
  device.mark();
  const { reply, playbackComplete } = await answer(server, samples, options);
  const { underruns } = await device.waitFor('reply.completed');
  await sound.speaker.untilSilent(fromMs, SETTLED_MS, 5_000);
  await device.waitForState('activeSession.userTurn');
  assert.equal(server.all('playback_complete').length, completions + 1, `${name}: completed more than once`);
  if (samples.length === 0) return { firstMs: undefined, completeMs: undefined, inserted: 0, underruns };

  const recording = sound.speaker.recording(fromMs);
  const inserted = insertedIn(recording, samples);
  assert.ok(inserted !== undefined, `${name}: not every sample was heard`);
  const completeMs = playbackComplete.atMs - (sound.speaker.lastSoundMs(fromMs) ?? Number.NaN);
  assert.ok(completeMs >= -TAP_MS, `${name}: completed ${-completeMs} ms before the last sample`);
  return {
    firstMs: (sound.speaker.firstSoundMs(fromMs) ?? Number.NaN) - reply.firstByteAtMs,
    completeMs,
    inserted,
    underruns,
  };
}

/** A reply of half a sample, which is no sound. Throws where it is not completed, once, or nobody can speak after it. */
export async function playByte({ server, device }: Room): Promise<void> {
  const completions = server.all('playback_complete').length;
  const completed = server.next('playback_complete');
  device.mark();
  await server.say('start_of_tts_stream');
  await server.send(new Uint8Array(1));
  await server.say('tts_stream_end');
  await completed;
  await device.waitFor('reply.completed');
  await device.waitForState('activeSession.userTurn');
  assert.equal(server.all('playback_complete').length, completions + 1, 'one byte');
}

/**
 * The number of samples that a recording has between those of a sound, all of which are in it, in their order and to the
 * bit; undefined where one is not. Takes no longer for a long sound, as a correlation would.
 */
function insertedIn(recording: Int16Array, samples: Int16Array): number | undefined {
  const isHere = (at: number, from: number) => {
    const needle = samples.subarray(from, from + RESUMED_SAMPLES);
    return needle.every((sample, i) => recording[at + i] === sample);
  };
  let inserted = 0;
  let at = recording.findIndex((_, i) => isHere(i, 0));
  if (at < 0) return undefined;
  for (let from = 0; from < samples.length; from++, at++) {
    if (recording[at] === samples[from]) continue;
    const gapAt = at;
    while (at < recording.length && !isHere(at, from)) at++;
    if (at >= recording.length) return undefined;
    inserted += at - gapAt;
  }
  return inserted;
}

/** Evenly distributed in [0, 1), the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A short reply of a random length that arrives at random: evenly at any speed, in bursts, late, odd, old, or slow. */
export function randomShape(random: () => number): ReplyShape {
  const pick = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0];
  const durationMs = pick([20, 45, 120, 250, 400, 700, 1_000]);
  const chunkMs = pick([10, 20, 40, 100, 230]);
  const speed = pick([0.5, 1, 1, 1.5, 3, 10, 50, Number.POSITIVE_INFINITY]);
  // Nobody waits for what comes long after the end marker.
  const isLate = random() < 0.1 && speed >= 3;
  const options: ReplyOptions = {
    chunkMs,
    speed,
    isOdd: random() < 0.2,
    chunksAfterEnd: isLate ? 1 : 0,
    pauseMs: !isLate && random() < 0.15 ? 300 : 0,
  };
  // A reply within its first message is all there at once. In real time nothing is gained after the start, so that a busy
  // machine, or a message longer than the prebuffer, may cost a gap.
  const isStarved = speed <= 1 || options.pauseMs !== 0;
  const isSlow = durationMs > chunkMs && isStarved;
  const traits = Object.entries(options).flatMap(([key, value]) => (key === 'speed' ? [] : [`${key} ${value}`]));
  return { name: `${durationMs} ms at ${speed} times real time, ${traits.join(', ')}`, durationMs, options, isSlow };
}
