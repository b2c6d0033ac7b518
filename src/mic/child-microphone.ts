import type { Clock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { type ChildSpec, EXIT_UNAVAILABLE, PcmChild } from '../pcm/child.js';
import { createConverter } from '../pcm/converter.js';
import type { PcmFormat, SampleBits } from '../pcm/format.js';
import { withHolders } from '../pcm/holders.js';
import { soundTrace } from '../pcm/sound-trace.js';
import { type LifeEnd, supervise } from '../pcm/supervisor.js';
import { Watchdog } from '../pcm/watchdog.js';
import { FlatLine } from './flat-line.js';
import type { Microphone, MicrophoneListener } from './microphone.js';
import { OpeningLimit } from './opening-limit.js';

/** How one backend captures: looked up again at each start, so that a device that moved is found. */
export interface CaptureBackend {
  /** The name as in `mic.backend`. */
  readonly name: string;
  /**
   * The child that captures; it delivers the format that it is asked for. One that has messages sends one, of whatever kind,
   * when it is loaded and begins to open its device.
   */
  spec(device: string, format: PcmFormat): ChildSpec;
  /** Called when a child that handed on no first sound in time is gone: clears away what the next one could hang on too. */
  clearAfterHang?(log: Log): void;
}

/** What the user may choose about a capture. */
export interface CaptureSettings {
  /** The backend's name for the device; empty for the system's default. */
  device: string;
  /** Rate the device is opened at, in hertz. */
  rateHz: number;
  /** Bits a sample that the device is opened with. */
  bits: SampleBits;
  /** Channels that the device is opened with. */
  channels: number;
  /** Which of them is heard, from 1. */
  channel: number;
  /** Amplification, in dB. */
  gainDb: number;
}

/** Options of `ChildMicrophone`. */
export interface ChildMicrophoneOptions {
  /** In order of preference: the next is taken when one's native package does not load. */
  backends: readonly [CaptureBackend, ...CaptureBackend[]];
  settings: CaptureSettings;
  /** Rate of the chunks handed on, in hertz. */
  rateHz: number;
  clock: Clock;
  log: Log;
}

/**
 * Milliseconds of one chunk asked of the device: small enough for a quick hand-over; 40 would wake all processes of the
 * path one and a half times as often.
 */
export const CHUNK_MS = 60;

const FLAT_LIMIT_MS = 30_000; // of zeros where there was noise
/** The limit doubles up to here while reopening does not help: a switch on the microphone gives zeros too. */
const FLAT_LIMIT_MAX_MS = 480_000;
const SILENCE_LIMIT_MS = 1000; // a microphone that vanishes gives no error: its chunks just stop

/** A microphone whose device is held by a supervised child process. */
export class ChildMicrophone implements Microphone {
  readonly rateHz: number;
  readonly #options: ChildMicrophoneOptions;
  readonly #opening: OpeningLimit;
  #choice = 0;
  /** How zeros are judged in the next life; a device that died may be dead still when it is open again. */
  #flat = { limitMs: FLAT_LIMIT_MS, hadNoise: false };

  constructor(options: ChildMicrophoneOptions) {
    this.#options = options;
    this.#opening = new OpeningLimit(options.clock);
    this.rateHz = options.rateHz;
  }

  get backend(): string {
    return this.#current.name;
  }

  get #current(): CaptureBackend {
    const { backends } = this.#options;
    return backends[this.#choice] ?? backends[0];
  }

  async capture(listener: MicrophoneListener, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await supervise({
      life: (abort) => this.#live(listener, abort),
      onLost: ({ why }) => listener.lost({ why: withHolders(why, this.#options.settings.device, 'c') }),
      signal,
      clock,
      look: () => soundTrace('c', this.#options.settings.device),
    });
  }

  async #live(listener: MicrophoneListener, signal: AbortSignal): Promise<LifeEnd> {
    const { settings, clock, log } = this.#options;
    const { device, rateHz, bits, channels } = settings;
    const format: PcmFormat = { rateHz, bits, channels };
    const making = createConverter({ format, ...settings, toRateHz: this.rateHz });
    const convert = await making.catch((error: unknown) => messageOf(error));
    if (typeof convert === 'string') return { why: convert, workedMs: undefined };
    if (signal.aborted) {
      convert.close();
      return { why: 'stopped', workedMs: undefined };
    }
    const backend = this.#current;
    const child = new PcmChild(backend.spec(device, format), log);
    let readyAtMs: number | undefined;
    let lastChunkAtMs = 0;
    let silent = '';
    let limitMs = this.#opening.start();
    const end = () => void child.kill();
    const watchdog = new Watchdog({
      clock,
      onSilence: () => {
        const isOpening = readyAtMs === undefined;
        silent = isOpening ? `no first sound within ${limitMs} ms` : `no sound for ${SILENCE_LIMIT_MS} ms`;
        if (isOpening) this.#opening.note('late');
        end();
      },
    });
    const flatLine = new FlatLine({ format, channel: settings.channel, ...this.#flat });
    signal.addEventListener('abort', end);
    watchdog.feed(limitMs);
    child.onMessage(() => {
      if (readyAtMs !== undefined || silent !== '') return;
      limitMs = this.#opening.opening();
      watchdog.feed(limitMs);
    });
    child.output.on('data', (bytes: Buffer) => {
      if (signal.aborted || silent !== '') return;
      const isFlat = flatLine.feed(bytes);
      const samples = convert.process(bytes);
      if (samples.length === 0) return;
      watchdog.feed(SILENCE_LIMIT_MS);
      lastChunkAtMs = clock.nowMs();
      if (readyAtMs === undefined) {
        readyAtMs = lastChunkAtMs;
        this.#opening.note('ready');
        listener.ready({ device: device || 'default', rateHz });
      }
      listener.chunk(samples);
      if (isFlat) {
        silent = `only zeros for ${this.#flat.limitMs / 1000} s`;
        end();
      }
    });
    const exit = await child.exited;
    watchdog.close();
    signal.removeEventListener('abort', end);
    convert.close();
    if (silent !== '' && readyAtMs === undefined) backend.clearAfterHang?.(log);
    this.#noteFlat(flatLine);
    if (exit.code === EXIT_UNAVAILABLE) this.#chooseNext(exit.why);
    const workedMs = readyAtMs === undefined ? undefined : lastChunkAtMs - readyAtMs;
    return { why: silent === '' ? exit.why : `${this.backend}: ${silent}`, workedMs };
  }

  #noteFlat({ hasNoise, isFlat }: FlatLine): void {
    if (isFlat && !hasNoise)
      this.#flat = { limitMs: Math.min(FLAT_LIMIT_MAX_MS, 2 * this.#flat.limitMs), hadNoise: true };
    else if (hasNoise) this.#flat = { limitMs: FLAT_LIMIT_MS, hadNoise: isFlat };
  }

  #chooseNext(why: string): void {
    if (this.#choice + 1 >= this.#options.backends.length) return;
    const from = this.backend;
    this.#choice += 1;
    this.#options.log.warn({ from, to: this.backend, why }, 'microphone backend does not load; taking the next');
  }
}
