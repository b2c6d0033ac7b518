import { setTimeout as pause } from 'node:timers/promises';
import { samplesOf } from '../../src/pcm/format.js';
import { END, hum, START, sendAll } from '../helpers/gemitars-faults-parts.js';
import type { ReplyOptions } from '../helpers/gemitars-server.js';
import { within } from '../helpers/processes.js';
import { concat, msOfSamples, say, silence, type Voice } from '../helpers/speech.js';
import { oneOf, type Point } from './plan.js';
import type { Scene } from './scene.js';

const VOICES: readonly Voice[] = ['slt', 'rms', 'awb'];
const WORDS = ['what time is it', 'will it rain', 'tell me more', 'how are you'];
const ANSWERS = ['All is well.', 'It will be sunny.', 'I do not know.'];

/** How often the hotword is said until the device is called deaf. */
const ATTEMPTS = 3;
/** Beyond the refractory time of the hotword. */
const BETWEEN_HOTWORDS_MS = 2_200;
/** What the way of a word through sound, engine and network may take here, the machine being busy. */
const HEARD_WITHIN_MS = 5_000;
const PLAYED_WITHIN_MS = 8_000;
const LISTENING_WITHIN_MS = 5_000;
const SETTLED_MS = 400;
/** Louder than noise, quieter than anybody's voice. */
const AUDIBLE = 500;
/** Of the reply that plays when a fault strikes. */
const REPLY_MS = 600;

/** Thrown where a device that nothing disturbs does not do what it is for. */
class SoakFailure extends Error {}

/** Thrown where a device listens by its own word and does not hear the hotword. */
export class DeafDevice extends SoakFailure {}

/** How the person was heard. */
export interface Waking {
  /** How often the hotword was said in vain, and what became of it. */
  vain: string[];
}

/** The person says the hotword and a few words, until the server has heard of it. Throws DeafDevice after three times. */
export async function wake(scene: Scene, random: () => number): Promise<Waking> {
  const { device, server } = scene;
  const vain: string[] = [];
  const voice = oneOf(VOICES, random);
  const sound = concat(
    silence(300),
    await say('hey tars', voice),
    silence(120),
    await say(oneOf(WORDS, random), voice),
    silence(200),
  );
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const lastMs = device.all('hotword.detected').at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
    await pause(Math.max(0, lastMs + BETWEEN_HOTWORDS_MS - performance.now()));
    const heard = count(scene, 'hotword_detected');
    const from = device.lines.length;
    await scene.sound.play(sound);
    const waitMs = HEARD_WITHIN_MS + scene.config.session.connect_grace_ms;
    const isHeard = await server
      .until(() => count(scene, 'hotword_detected') > heard, waitMs, 'hotword_detected')
      .then(() => true)
      .catch(() => false);
    if (isHeard) return { vain };
    const told = device.lines.slice(from).some(({ event }) => event === 'hotword.detected');
    vain.push(told ? 'no connection in time' : 'not heard');
    await device.waitForState('listening', LISTENING_WITHIN_MS);
  }
  throw new DeafDevice(`the hotword was said ${ATTEMPTS} times: ${vain.join(', ')}`);
}

/** A later turn of the person's in the same conversation, which needs no hotword. */
export async function speakOn(scene: Scene, random: () => number): Promise<void> {
  await pause(SETTLED_MS);
  await scene.sound.play(concat(await say(oneOf(WORDS, random), oneOf(VOICES, random)), silence(200)));
}

/**
 * The server answers what the person has said, in one of many ways. Throws SoakFailure unless the person's voice came
 * to the server since `fromMessage`, the reply comes out of the loudspeaker, and its end is told once.
 */
export async function answer(scene: Scene, fromMessage: number, random: () => number): Promise<void> {
  const { server, sound, device } = scene;
  const isAudible = () =>
    server.received.slice(fromMessage).some(({ pcm }) => pcm && samplesOf(pcm).some((sample) => sample > AUDIBLE));
  await server.until(isAudible, HEARD_WITHIN_MS, 'the voice of the person').catch(() => {
    throw new SoakFailure('the voice of the person did not come to the server');
  });
  const whole = await say(oneOf(ANSWERS, random), oneOf(VOICES, random));
  const samples = whole.slice(0, Math.round(whole.length * (0.4 + 0.6 * random())));
  const shape: ReplyOptions = {
    chunkMs: oneOf([20, 100, 250], random),
    speed: oneOf([1, 3, 50], random),
    isOdd: random() < 0.3,
    chunksAfterEnd: oneOf([0, 0, 1], random),
  };
  const completed = count(scene, 'playback_complete');
  const fromMs = performance.now();
  await server.reply(samples, shape);
  const limitMs = msOfSamples(samples.length) + PLAYED_WITHIN_MS;
  await server.until(() => count(scene, 'playback_complete') > completed, limitMs, 'playback_complete');
  await device.waitForState('activeSession.userTurn', LISTENING_WITHIN_MS);
  if (sound.speaker.lastSoundMs(fromMs, AUDIBLE) === undefined) throw new SoakFailure('the reply was not heard');
  const told = count(scene, 'playback_complete') - completed;
  if (told !== 1) throw new SoakFailure(`playback_complete was sent ${told} times`);
}

/** The server ends the conversation, as it should. */
export async function goodbye({ server, device }: Scene): Promise<void> {
  await server.endSession();
  await device.waitForState('listening', LISTENING_WITHIN_MS);
}

/** Leads a conversation that has begun to the point where a fault strikes; resolves with the sound that waits there. */
export async function lead({ server, device }: Scene, point: Point): Promise<number> {
  device.mark();
  if (point === 'reply') {
    await sendAll(server, START, hum(REPLY_MS));
    await device.waitFor('reply.started');
    return REPLY_MS;
  }
  if (point === 'draining') {
    await sendAll(server, START, hum(REPLY_MS), END);
    await device.waitFor('state.changed', { where: ({ to }) => to === 'activeSession.draining' });
    return REPLY_MS;
  }
  return 0;
}

/** Resolves when the device listens and its loudspeaker is there. Throws SoakFailure where that takes too long. */
export async function untilWell({ device }: Scene, limitMs: number): Promise<void> {
  const speaker = () => device.lines.findLast(({ event }) => event === 'speaker.ready' || event === 'speaker.lost');
  const well = async () => {
    await device.waitForState('listening', limitMs);
    if (speaker()?.event === 'speaker.ready') return;
    device.mark();
    if (speaker()?.event !== 'speaker.ready') await device.waitFor('speaker.ready', { timeoutMs: limitMs });
  };
  await within(well(), limitMs, () => 'listening and a loudspeaker').catch((error: unknown) => {
    throw new SoakFailure(String(error).split('\n')[0], { cause: error });
  });
}

function count({ server }: Scene, message: string): number {
  return server.all(message).length;
}
