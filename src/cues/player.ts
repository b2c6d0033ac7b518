import { messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { bytesOf, SPEECH_FORMAT } from '../pcm/format.js';
import { applyVolume } from '../pcm/volume.js';
import type { Speaker } from '../speaker/speaker.js';
import { type CueName, synthesiseCues } from './cues.js';

/** Options of `CuePlayer`. */
export interface CuePlayerOptions {
  speaker: Speaker;
  /** Which cues are wanted. */
  isEnabled: (name: CueName) => boolean;
  /** 0 to 1. */
  volume: number;
  log: Log;
}

/** Plays the short sounds. A cue that cannot be played is a debug line: nothing ever waits for a cue. */
export class CuePlayer {
  readonly #options: CuePlayerOptions;
  readonly #sounds: Record<CueName, Uint8Array>;

  constructor(options: CuePlayerOptions) {
    this.#options = options;
    const cues = synthesiseCues(SPEECH_FORMAT.rateHz);
    const sound = (name: CueName) => applyVolume(bytesOf(cues[name]), SPEECH_FORMAT, options.volume);
    this.#sounds = {
      heard: sound('heard'),
      offline: sound('offline'),
      over: sound('over'),
      error: sound('error'),
      muted: sound('muted'),
      unmuted: sound('unmuted'),
    };
  }

  /** Plays a cue now; one that still plays is cut. */
  play(name: CueName): void {
    const { speaker, isEnabled, log } = this.#options;
    if (!isEnabled(name)) return;
    try {
      const playback = speaker.open(SPEECH_FORMAT);
      playback.write(this.#sounds[name]);
      playback.drain().catch((error: unknown) => log.debug({ cue: name, why: messageOf(error) }, 'cue not played'));
    } catch (error) {
      log.debug({ cue: name, why: messageOf(error) }, 'cue not played');
    }
  }
}
