import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AudioError, messageOf } from '../errors.js';
import { SPEECH_FORMAT } from '../pcm/format.js';
import type { SampleRing } from '../pcm/ring.js';
import { writeWav } from '../pcm/wav-writer.js';
import type { HotwordHit } from './listener.js';

interface KeptDetection {
  hit: HotwordHit;
  heardAt: Date;
  samples: Int16Array;
}

/** More than a person remembers having said; ten are 0.8 MB at most. */
const KEPT = 10;
/** What is kept of the sound in front of the phrase's end: two seconds. */
const BEFORE_SAMPLES = 2 * SPEECH_FORMAT.rateHz;
/** An engine tells some tenths of a second late, and hears the phrase again only with them: half a second at most. */
const AFTER_SAMPLES = SPEECH_FORMAT.rateHz / 2;

/** The sound of the last ten detections, for the user's own tuning: in memory only, until somebody asks for files. */
export class KeptDetections {
  readonly #now: () => Date;
  #kept: KeptDetection[] = [];
  #writing: Promise<string[]> | undefined;

  /** @param now the time that a file's name carries. */
  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  /** Copies the sound of a phrase that was just heard: from two seconds in front of its end. */
  keep(hit: HotwordHit, ring: SampleRing): void {
    const { samples, start } = ring.readFrom(hit.endedAt - BEFORE_SAMPLES);
    const length = Math.max(0, hit.endedAt + AFTER_SAMPLES - start);
    this.#kept.push({ hit, heardAt: this.#now(), samples: samples.subarray(0, length) });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /** Lets go of all sound. */
  forget(): void {
    this.#kept = [];
  }

  /**
   * Writes what is kept as WAV files that only this user can read, and lets go of what is written; resolves with the
   * paths, oldest first. The folder is made. Throws AudioError for a folder or a file that cannot be written; what is not
   * written stays kept.
   */
  write(folder: string): Promise<string[]> {
    this.#writing ??= this.#write(folder).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(folder: string): Promise<string[]> {
    const paths: string[] = [];
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw new AudioError(`the folder ${folder} cannot be made: ${messageOf(error)}`, { cause: error });
    });
    for (let next = this.#kept[0]; next; next = this.#kept[0]) {
      const path = join(folder, nameOf(next));
      await writeWav(path, next.samples, SPEECH_FORMAT.rateHz, 0o600);
      paths.push(path);
      const written = next;
      this.#kept = this.#kept.filter((kept) => kept !== written);
    }
    return paths;
  }
}

/** `2026-03-01T12-30-05.123Z-hey-tars-0.71.wav`: time, phrase, score. */
function nameOf({ hit, heardAt }: KeptDetection): string {
  const time = heardAt.toISOString().replaceAll(':', '-');
  const phrase = hit.phrase.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 40);
  return `${time}-${phrase}-${hit.score.toFixed(2)}.wav`;
}
