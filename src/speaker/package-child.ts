/**
 * The child process of the speaker-package backend: plays the PCM of its standard input through the `speaker` package,
 * one stretch of sound after the other, until it is killed or its parent is gone.
 */
import type { Writable } from 'node:stream';
import { messageOf } from '../errors.js';
import { EXIT_UNAVAILABLE } from '../pcm/child.js';
import { frameBytes, msOfBytes, type PcmFormat } from '../pcm/format.js';
import type { PlayerCommand, PlayerReport } from './package-messages.js';

/** What is used of the speaker package. */
type SpeakerStream = Writable & { close(flush: boolean): void };
type SpeakerClass = new (options: object) => SpeakerStream;

/** A small step of the device, in frames, so that `clear` never waits long for a write under way. */
const FRAMES_A_WRITE = 320;
/** The device gets no more than this ahead of time: a write to a full one blocks for as long as its period lasts. */
const AHEAD_MS = 300;
const ALIVE_EVERY_MS = 1_000;
/** Beyond so much that waits, nothing more is read: a device that hangs is noticed by who writes. */
const WAITING_LIMIT_BYTES = 16_384;

async function loadSpeaker(): Promise<SpeakerClass> {
  try {
    const module = (await import('speaker' as string)) as { default: SpeakerClass };
    return module.default;
  } catch (error) {
    console.error(`speaker does not load: ${messageOf(error).split('\n')[0]}`);
    process.exit(EXIT_UNAVAILABLE);
  }
}

function report(message: PlayerReport): void {
  process.send?.(message);
}

interface Stretch {
  id: number;
  stream: SpeakerStream;
  format: PcmFormat;
  endsAt: number;
  /** When the device will have played all that it was given, on the scale of `performance.now()`. */
  playedAtMs: number;
  isWriting: boolean;
  isEnding: boolean;
}

/** Cuts the PCM of standard input into the stretches that the commands describe, and plays them. */
class Player {
  readonly #Speaker: SpeakerClass;
  readonly #device: string;
  readonly #writesALife: number;
  #writes = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting: Buffer = Buffer.alloc(0);
  #position = 0; // of the first waiting byte, counted since the child began
  #dropUntil = 0;
  #current: Stretch | undefined;
  #clearing: Stretch | undefined;
  #later: PlayerCommand[] = []; // what came while the device was still being closed

  constructor(Speaker: SpeakerClass, device: string, writesALife: number) {
    this.#Speaker = Speaker;
    this.#device = device;
    this.#writesALife = writesALife;
  }

  take(pcm: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? pcm : Buffer.concat([this.#waiting, pcm]);
    this.#pump();
    if (this.#waiting.length > WAITING_LIMIT_BYTES) process.stdin.pause();
  }

  obey(command: PlayerCommand): void {
    // Many devices can be opened only once.
    if (this.#clearing) this.#later.push(command);
    else if (command.type === 'open') this.#open(command);
    else if (command.type === 'clear') this.#clear(command);
    else if (this.#current?.id === command.id) this.#current.endsAt = command.at;
    this.#pump();
  }

  #open({ id, at, format }: Extract<PlayerCommand, { type: 'open' }>): void {
    this.#dropUntil = Math.max(this.#dropUntil, at);
    const stream = new this.#Speaker({
      channels: format.channels,
      bitDepth: format.bits,
      sampleRate: format.rateHz,
      signed: true,
      ...(this.#device === '' ? {} : { device: this.#device }),
    });
    const stretch: Stretch = {
      id,
      stream,
      format,
      endsAt: Number.POSITIVE_INFINITY,
      playedAtMs: performance.now(),
      isWriting: true,
      isEnding: false,
    };
    this.#current = stretch;
    stream.on('error', (error) => this.#fail(id, error));
    stream.once('close', () => this.#noteClosed(id));
    // The package opens the device at the first write: an empty one opens it while the first sound is under way.
    this.#countWrite();
    stream.write(Buffer.alloc(0), () => this.#noteWritten(stretch));
  }

  /** Gives the stream the next waiting frames, one write at a time, or ends it. */
  #pump(): void {
    this.#drop();
    const current = this.#current;
    if (!current || current.isWriting || current.isEnding || this.#clearing) return;
    if (this.#position >= current.endsAt) {
      current.isEnding = true;
      current.stream.end();
      return;
    }
    const frame = frameBytes(current.format);
    const limit = Math.min(this.#waiting.length, current.endsAt - this.#position, FRAMES_A_WRITE * frame);
    const bytes = limit - (limit % frame);
    if (bytes === 0 || this.#isAhead(current)) return;
    const piece = this.#waiting.subarray(0, bytes);
    this.#advance(bytes);
    current.isWriting = true;
    current.playedAtMs = Math.max(current.playedAtMs, performance.now()) + msOfBytes(current.format, bytes);
    this.#countWrite();
    current.stream.write(piece, () => this.#noteWritten(current));
  }

  #noteWritten(stretch: Stretch): void {
    stretch.isWriting = false;
    if (this.#clearing === stretch) this.#silence(stretch);
    this.#pump();
  }

  /** True while the device has enough; then the next write is made when it has a little less. */
  #isAhead(current: Stretch): boolean {
    const aheadMs = current.playedAtMs - performance.now();
    if (aheadMs < AHEAD_MS) return false;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#pump();
      },
      aheadMs - AHEAD_MS + 1,
    );
    return true;
  }

  #countWrite(): void {
    this.#writes += 1;
    if (this.#writes % this.#writesALife === 0) report({ type: 'worn' });
  }

  #drop(): void {
    this.#advance(Math.min(this.#waiting.length, Math.max(0, this.#dropUntil - this.#position)));
  }

  #advance(bytes: number): void {
    this.#position += bytes;
    this.#waiting = this.#waiting.subarray(bytes);
    if (this.#waiting.length <= WAITING_LIMIT_BYTES) process.stdin.resume();
  }

  #clear({ id, at }: Extract<PlayerCommand, { type: 'clear' }>): void {
    this.#dropUntil = Math.max(this.#dropUntil, at);
    const current = this.#current;
    if (current?.id !== id) {
      report({ type: 'cleared', id });
      return;
    }
    this.#current = undefined;
    this.#clearing = current;
    // Closing the device under a write that another thread is in the middle of would crash the process.
    if (!current.isWriting) this.#silence(current);
  }

  #silence(stretch: Stretch): void {
    this.#clearing = undefined;
    stretch.stream.close(true);
    report({ type: 'cleared', id: stretch.id });
    for (const command of this.#later.splice(0)) this.obey(command);
  }

  #fail(id: number, error: unknown): void {
    if (this.#current?.id !== id) return;
    this.#current = undefined;
    report({ type: 'failed', id, why: `speaker: ${messageOf(error)}` });
  }

  #noteClosed(id: number): void {
    if (this.#current?.id !== id) return;
    this.#current = undefined;
    report({ type: 'drained', id });
  }
}

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const player = new Player(await loadSpeaker(), process.argv[2] ?? '', Number(process.argv[3]));
process.on('message', (command) => player.obey(command as PlayerCommand));
process.stdin.on('data', (pcm: Buffer) => player.take(pcm));
report({ type: 'loaded' });
setInterval(() => report({ type: 'alive' }), ALIVE_EVERY_MS);
