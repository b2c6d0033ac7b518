import { AudioError, messageOf } from '../errors.js';
import type { Microphone } from '../mic/microphone.js';
import { bytesOf, type PcmFormat } from '../pcm/format.js';
import type { Speaker } from '../speaker/speaker.js';
import { findIn, sweep } from './echo.js';
import { type Check, type Finding, failure, ok, warning } from './finding.js';
import { judgeSound } from './sound-level.js';

/** How long the room is listened to. */
const LISTEN_MS = 3_000;
/** A device that is there is open within this time. */
const OPEN_LIMIT_MS = 8_000;
/** A card has several names; more than these are in the list of `devices`. */
const NAMES_MAX = 6;
/** Behind the end of the tone: longer than any sound system takes to bring it back. */
const ECHO_TAIL_MS = 1_000;

/** What the sound checks work with. */
export interface SoundParts {
  microphone: Microphone;
  speaker: Speaker;
  /** What `mic.device` or `speaker.device` may name; empty where that cannot be told. Never rejects. */
  namesOf: (subject: SoundSubject) => Promise<readonly string[]>;
}

/** One of the two ways of sound. */
type SoundSubject = 'microphone' | 'loudspeaker';

/** Opens the chosen microphone and loudspeaker, listens to the room, and plays a tone that the microphone may hear. */
export function soundCheck({ microphone, speaker, namesOf }: SoundParts): Check {
  return {
    subject: 'sound',
    limitMs: 2 * OPEN_LIMIT_MS + LISTEN_MS + 6_000,
    run: async (signal) => {
      const over = new AbortController();
      const until = AbortSignal.any([signal, over.signal]);
      const recording = new Recording(microphone.rateHz);
      const listenTo = ({ ready, lost }: Listener) => {
        const stopped = (info: { why: string }) => {
          lost(info);
          recording.stop(info);
        };
        return microphone.capture({ ready, lost: stopped, chunk: recording.take }, until);
      };
      const mic = opened(listenTo, signal);
      const player = opened((listener) => speaker.run(listener, until), signal);
      try {
        return await findings({
          microphone,
          speaker,
          namesOf,
          recording,
          mic: await mic.outcome,
          player: await player.outcome,
        });
      } finally {
        over.abort();
        await Promise.all([mic.ended, player.ended]);
      }
    },
  };
}

interface Opened extends SoundParts {
  recording: Recording;
  mic: Outcome;
  player: Outcome;
}

async function findings({ microphone, speaker, namesOf, recording, mic, player }: Opened): Promise<Finding[]> {
  if (mic.device === undefined && player.device === undefined) return [nothingFinding(mic.why, player.why)];
  const found: Finding[] = [
    await deviceFinding('microphone', microphone.backend, mic, namesOf),
    await deviceFinding('loudspeaker', speaker.backend, player, namesOf),
  ];
  if (mic.device === undefined) return found;
  recording.start();
  let level: Finding;
  try {
    level = judgeSound(await recording.after(LISTEN_MS));
  } catch (error) {
    const why = messageOf(error);
    return [failure('microphone', `${microphone.backend}: ${why}`, remedyFor(why, 'microphone')), ...found.slice(1)];
  }
  found.splice(1, 0, level);
  if (player.device === undefined || level.gravity === 'failure') return found;
  return [...found, await toneFinding(speaker, recording, microphone.rateHz)];
}

async function deviceFinding(
  subject: SoundSubject,
  backend: string,
  { device, why }: Outcome,
  namesOf: SoundParts['namesOf'],
): Promise<Finding> {
  if (device !== undefined) return ok(subject, `${device || 'the system\u2019s default'}, by ${backend}`);
  const names = HELD.test(why) ? [] : await namesOf(subject);
  const there = names.length === 0 ? '' : `; there are: ${names.slice(0, NAMES_MAX).join(' ')}`;
  const remedy = remedyFor(why, subject);
  return failure(subject, `${backend}: ${why}`, remedy === undefined ? undefined : `${remedy}${there}`);
}

function nothingFinding(micWhy: string, playerWhy: string): Finding {
  const held = [micWhy, playerWhy].filter((why) => HELD.test(why));
  // Where the kernel tells the holder of one of the two only, that one has the better remedy.
  const [best] = held.sort((one, other) => Number(/in use:/.test(other)) - Number(/in use:/.test(one)));
  return failure(
    'sound',
    `neither a microphone nor a loudspeaker can be opened: ${micWhy}; ${playerWhy}`,
    best === undefined
      ? 'plug one in; arecord -l and aplay -l list the cards that the kernel knows'
      : remedyFor(best, 'microphone'),
  );
}

/** Words of a device that is there and that another program has open. */
const HELD = /busy|in use/i;

/** What to do about a device that does not open. */
export function remedyFor(why: string, subject: string): string | undefined {
  const key = subject === 'microphone' ? 'mic.device' : 'speaker.device';
  const own = /in use:.*\btars-client\.service( of user)?/.exec(why);
  if (own) return `${own[1] ? 'systemctl --user' : 'sudo systemctl'} stop tars-client   (while the doctor looks)`;
  if (why.includes('tars-client devices')) return undefined;
  const other = /in use:.*?\(pid (\d+)(?:, ([^\s,)]+\.service)( of user)?)?/.exec(why);
  const way = '   (it holds the device), or use a sound server that shares it';
  if (other?.[2]) return `${other[3] ? 'systemctl --user' : 'sudo systemctl'} stop ${other[2]}${way}`;
  if (other) return `kill ${other[1]}${way}`;
  if (HELD.test(why)) return 'fuser -v /dev/snd/*   names who holds it: end that, or use a sound server that shares it';
  return `tars-client devices   lists what there is; ${key} chooses`;
}

async function toneFinding(speaker: Speaker, recording: Recording, rateHz: number): Promise<Finding> {
  const format: PcmFormat = { rateHz, bits: 16, channels: 1 };
  const tone = sweep(rateHz);
  try {
    recording.start();
    const playback = speaker.open(format);
    playback.write(bytesOf(tone));
    await playback.drain();
    const place = findIn(await recording.after(ECHO_TAIL_MS), tone);
    if (place !== undefined)
      return ok('tone', `played, and heard by the microphone after ${Math.round((place / rateHz) * 1000)} ms`);
    return warning(
      'tone',
      'played; the microphone did not hear it',
      'if you did not hear it either: alsamixer (volume, mute), speaker.device',
    );
  } catch (error) {
    return failure('tone', messageOf(error), 'tars-client devices   lists what there is; speaker.device chooses');
  }
}

/** What became of opening a device: its name, or why it could not be opened. */
interface Outcome {
  device: string | undefined;
  why: string;
}

interface Listener {
  ready: (info: { device: string }) => void;
  lost: (info: { why: string }) => void;
}

/** Opens a device; `outcome` never rejects, and is decided by the first word of the device or by the limit. */
function opened(open: (listener: Listener) => Promise<void>, signal: AbortSignal) {
  let decide: (outcome: Outcome) => void = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => {
    decide = resolve;
  });
  const late = () => decide({ device: undefined, why: `did not open within ${OPEN_LIMIT_MS / 1000} s` });
  AbortSignal.any([signal, AbortSignal.timeout(OPEN_LIMIT_MS)]).addEventListener('abort', late, { once: true });
  const ended = open({
    ready: ({ device }) => decide({ device, why: '' }),
    lost: ({ why }) => decide({ device: undefined, why }),
  }).catch((error: unknown) => decide({ device: undefined, why: messageOf(error) }));
  return { outcome, ended };
}

/** The sound since the last `start`. */
class Recording {
  readonly #rateHz: number;
  #chunks: Int16Array[] = [];
  #samples = 0;
  #waiting: { samples: number; done: () => void; fail: (error: AudioError) => void } | undefined;
  #lost: AudioError | undefined;

  constructor(rateHz: number) {
    this.#rateHz = rateHz;
  }

  start(): void {
    this.#chunks = [];
    this.#samples = 0;
  }

  readonly take = (chunk: Int16Array): void => {
    this.#lost = undefined;
    this.#chunks.push(chunk);
    this.#samples += chunk.length;
    if (this.#waiting && this.#samples >= this.#waiting.samples) this.#waiting.done();
  };

  /** The microphone gives no more for now. */
  readonly stop = ({ why }: { why: string }): void => {
    this.#lost = new AudioError(`the microphone stopped: ${why}`);
    this.#waiting?.fail(this.#lost);
  };

  /** All of it, as soon as this much more has come. Rejects with AudioError when the microphone stops before. */
  async after(durationMs: number): Promise<Int16Array> {
    const samples = this.#samples + Math.round((this.#rateHz * durationMs) / 1000);
    if (this.#lost) throw this.#lost;
    await new Promise<void>((done, fail) => {
      this.#waiting = { samples, done, fail };
    });
    this.#waiting = undefined;
    return joined(this.#chunks);
  }
}

function joined(chunks: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
