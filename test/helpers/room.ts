import type { TestContext } from 'node:test';
import { type Device, startDevice } from './device.js';
import { GemitarsServer } from './gemitars-server.js';
import { concat, say, silence, type Voice } from './speech.js';
import { VirtualSound } from './virtual-sound.js';

/** A device in a room with virtual sound, and its server. */
export interface Room {
  sound: VirtualSound;
  server: GemitarsServer;
  device: Device;
}

/** Options of `furnish`. */
export interface RoomOptions {
  /** Arguments besides those that name the server. */
  flags?: readonly string[];
  /** Behind the address of the server, such as `?key=value`. @default '' */
  query?: string;
  /** The device's own variables. */
  variables?: Readonly<Record<string, string>>;
  /** Starts the server too. @default true */
  hasServer?: boolean;
  /** Changes the sound before the device starts. */
  prepare?: (sound: VirtualSound) => Promise<void>;
}

/** Virtual sound and a server that has not been started, for one test; they go away with it. */
export async function emptyRoom(test: TestContext): Promise<Omit<Room, 'device'>> {
  const sound = new VirtualSound();
  const server = new GemitarsServer();
  test.after(async () => {
    await server.stop();
    await sound.close();
  });
  await sound.start();
  return { sound, server };
}

/** Sets up a room for one test, with the device listening; all of it goes away with the test. */
export async function furnish(test: TestContext, options: RoomOptions = {}): Promise<Room> {
  const { sound, server } = await emptyRoom(test);
  await options.prepare?.(sound);
  await server.start();
  if (options.hasServer === false) await server.stop();
  const device = await startDevice(test, {
    env: sound.env,
    ...(options.variables && { variables: options.variables }),
    flags: [`--server.url=${server.url}${options.query ?? ''}`, '--log.level=debug', ...(options.flags ?? [])],
  });
  await device.waitForState('listening', 15_000);
  await device.waitFor('speaker.ready', { timeoutMs: 15_000 });
  if (options.hasServer !== false) await device.waitFor('link.up');
  return { sound, server, device };
}

/** A person's words: a quiet moment, the hotword, a breath, what they want, a quiet moment. */
export interface Utterance {
  sound: Int16Array;
  /** The first sample after the hotword. */
  hotwordEnd: number;
}

/** Lets a voice say the hotword and something behind it. */
export async function utter(words: string, voice: Voice = 'slt', breathMs = 120): Promise<Utterance> {
  const before = concat(silence(700), await say('hey tars', voice));
  return { sound: concat(before, silence(breathMs), await say(words, voice), silence(400)), hotwordEnd: before.length };
}
