import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { arecord } from './arecord.js';
import { type CaptureBackend, type CaptureSettings, ChildMicrophone } from './child-microphone.js';
import { FileMicrophone } from './file.js';
import type { Microphone } from './microphone.js';
import { naudiodon } from './naudiodon.js';
import { parecord } from './parecord.js';
import { pwCatRecord } from './pw-cat.js';
import { StreamMicrophone } from './stdin.js';

/** What a microphone is made from; the values of `[mic]` in this program's terms. */
interface MicrophoneOptions {
  settings: CaptureSettings;
  /** Rate of the chunks handed on, in hertz. */
  rateHz: number;
  clock: Clock;
  log: Log;
}

type MicrophoneFactory = (options: MicrophoneOptions) => Microphone;

const captured =
  (...backends: [CaptureBackend, ...CaptureBackend[]]): MicrophoneFactory =>
  (options) =>
    new ChildMicrophone({ backends, ...options });

/** The microphones by the name in `mic.backend`. A new one is one file and one row. */
export const MICROPHONES: Readonly<Record<string, MicrophoneFactory>> = {
  auto: captured(naudiodon, arecord),
  naudiodon: captured(naudiodon),
  arecord: captured(arecord),
  parecord: captured(parecord),
  'pw-cat': captured(pwCatRecord),
  file: ({ settings, rateHz, clock }) => new FileMicrophone({ path: settings.device, rateHz, clock }),
  stdin: ({ settings, rateHz }) =>
    new StreamMicrophone({ stream: process.stdin, inputRateHz: settings.rateHz, gainDb: settings.gainDb, rateHz }),
};
