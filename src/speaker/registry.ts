import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { aplay } from './aplay.js';
import { AutoSpeaker } from './auto-speaker.js';
import { CommandSpeaker } from './command-speaker.js';
import { FileSpeaker } from './file.js';
import { pacat } from './pacat.js';
import { PackageSpeaker } from './package-speaker.js';
import { pwCatPlay } from './pw-cat.js';
import type { Speaker } from './speaker.js';

/** What a speaker is made from; the values of `[speaker]` in this program's terms. */
export interface SpeakerOptions {
  /** The backend's name for the device (for `file`, the path); empty for the system's default. */
  device: string;
  clock: Clock;
  log: Log;
}

type SpeakerFactory = (options: SpeakerOptions) => Speaker;

/** The speakers by the name in `speaker.backend`. A new one is one file and one row. */
export const SPEAKERS: Readonly<Record<string, SpeakerFactory>> = {
  auto: (options) => new AutoSpeaker(options),
  speaker: (options) => new PackageSpeaker(options),
  aplay: (options) => new CommandSpeaker({ backend: aplay, ...options }),
  pacat: (options) => new CommandSpeaker({ backend: pacat, ...options }),
  'pw-cat': (options) => new CommandSpeaker({ backend: pwCatPlay, ...options }),
  file: ({ device, clock }) => new FileSpeaker({ path: device, clock }),
};
