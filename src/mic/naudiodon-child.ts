/**
 * The child process of the naudiodon backend: opens the device named in its argument and writes its PCM to file
 * descriptor 3 until it is killed or its parent is gone. With the argument `list` it sends the list of devices instead.
 */
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { messageOf } from '../errors.js';
import { EXIT_UNAVAILABLE } from '../pcm/child.js';
import type { SampleBits } from '../pcm/format.js';

interface CaptureRequest {
  device: string;
  rateHz: number;
  /** PortAudio's sample formats have their bits as values. */
  bits: SampleBits;
  channels: number;
  chunkFrames: number;
}

interface PortAudioDevice {
  id: number;
  name: string;
  maxInputChannels: number;
  defaultSampleRate: number;
}

/** A microphone as the child lists it. */
export interface PortAudioInput extends PortAudioDevice {
  /** The one that PortAudio opens where none is named. */
  isDefault: boolean;
}

/** PortAudio's ways to the hardware (ALSA, JACK…); each has a default device of its own, by its id. */
interface HostApis {
  defaultHostAPI: number;
  HostAPIs: { id: number; defaultInput: number }[];
}

/** What is used of the naudiodon package. */
interface Naudiodon {
  getDevices(): PortAudioDevice[];
  getHostAPIs(): HostApis;
  AudioIO(options: object): Readable & { start(): void };
}

const QUEUED_BUFFERS = 200; // PortAudio's callback waits for JavaScript when its queue is full, and then overflows
const UNREAD_LIMIT_S = 30; // a parent that reads nothing for so long is not coming back

function loadNaudiodon(): Naudiodon {
  const require = createRequire(import.meta.url);
  try {
    // naudiodon's crash handler writes crash.log into the working directory; a crash here is just an exit.
    const crashHandler = require.resolve('segfault-handler', { paths: [require.resolve('naudiodon')] });
    require.cache[crashHandler] = { exports: { registerHandler: () => undefined } } as unknown as NodeJS.Module;
    return require('naudiodon') as Naudiodon;
  } catch (error) {
    console.error(`naudiodon does not load: ${messageOf(error).split('\n')[0]}`);
    process.exit(EXIT_UNAVAILABLE);
  }
}

function chooseDevice(devices: PortAudioDevice[], wanted: string): PortAudioDevice | undefined {
  const inputs = devices.filter((device) => device.maxInputChannels > 0);
  if (wanted === '') return inputs[0];
  return inputs.find(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
}

function capture(request: CaptureRequest): void {
  const naudiodon = loadNaudiodon();
  // From here on PortAudio is in charge of this thread, and may not give it back.
  process.send?.('opening');
  const device = chooseDevice(naudiodon.getDevices(), request.device);
  if (!device) {
    const what = request.device === '' ? 'no microphone' : `no microphone whose name contains "${request.device}"`;
    console.error(`PortAudio sees ${what}`);
    process.exit(1);
  }
  const frameBytes = request.channels * (request.bits / 8);
  const unreadLimitBytes = UNREAD_LIMIT_S * request.rateHz * frameBytes;
  const input = naudiodon.AudioIO({
    inOptions: {
      deviceId: request.device === '' ? -1 : device.id,
      channelCount: request.channels,
      sampleFormat: request.bits,
      sampleRate: request.rateHz,
      highwaterMark: request.chunkFrames * frameBytes,
      framesPerBuffer: request.chunkFrames,
      maxQueue: QUEUED_BUFFERS,
      closeOnError: false,
    },
  });
  const output = new Socket({ fd: 3 });
  output.on('error', endNow);
  input.on('data', (chunk: Buffer) => {
    output.write(chunk);
    if (output.writableLength > unreadLimitBytes) endNow();
  });
  input.on('error', (error) => {
    console.error(messageOf(error));
    process.exit(1);
  });
  input.start();
}

/** PortAudio may hang in its own exit handlers; SIGKILL does not. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Sends what PortAudio sees, and ends. */
function list(): void {
  const naudiodon = loadNaudiodon();
  const { defaultHostAPI, HostAPIs } = naudiodon.getHostAPIs();
  const standard = HostAPIs.find(({ id }) => id === defaultHostAPI)?.defaultInput;
  const inputs = naudiodon.getDevices().filter((device) => device.maxInputChannels > 0);
  const listed: PortAudioInput[] = inputs.map((device) => ({ ...device, isDefault: device.id === standard }));
  process.send?.(listed, () => endNow());
}

process.on('disconnect', endNow);
try {
  if (process.argv[2] === 'list') list();
  else capture(JSON.parse(process.argv[2] ?? '') as CaptureRequest);
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
