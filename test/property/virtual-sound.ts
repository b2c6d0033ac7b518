import type { Clock } from '../../src/clock.js';
import { AudioError, HotwordError } from '../../src/errors.js';
import type { Detection, HotwordEngine } from '../../src/hotword/engine.js';
import type { Microphone, MicrophoneListener } from '../../src/mic/microphone.js';
import { msOfBytes, type PcmFormat, SPEECH_FORMAT } from '../../src/pcm/format.js';
import { pause } from '../../src/pcm/supervisor.js';
import type { Playback, Speaker, SpeakerListener } from '../../src/speaker/speaker.js';
import { RATE_HZ } from '../helpers/sound-tap.js';

const CHUNK_MS = 40;
const CHUNK_SAMPLES = (CHUNK_MS * RATE_HZ) / 1000;
/** How long a device takes to open or close. */
const DEVICE_MS = 30;
/** A microphone that hands on nothing for so long is lost (`ChildMicrophone`). */
const STARVED_MS = 3_000;
/** How loud a person is above the quiet of the room, whose samples are at most 50. */
const LOUD = 100;

/** A room's quiet that never repeats, so that each stretch of it can be told from every other. */
function quiet(position: number): number {
  // The middle bits of a multiplicative hash (Knuth, TAOCP 3, 6.4).
  return ((Math.imul(position, 0x9e3779b1) >>> 12) % 101) - 50;
}

/** A microphone in memory: keeps all it has handed on, and fails when told to. */
export class VirtualMicrophone implements Microphone {
  readonly backend = 'virtual';
  readonly rateHz = RATE_HZ;
  /** Everything handed on so far. */
  emitted = new Int16Array(64 * RATE_HZ);
  /** Samples handed on so far. */
  position = 0;
  /** From when on the samples are not interrupted. */
  brokenAt = 0;
  isOpen = false;
  /** The device is plugged in and works. */
  isThere = true;
  readonly #clock: Clock;
  #spokenUntilMs = 0;
  #zeroUntilMs = 0;
  #starvedUntilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A person speaks for so long. */
  speak(ms: number): void {
    this.#spokenUntilMs = this.#clock.nowMs() + ms;
  }

  /** The device hands on nothing but zeros for so long. */
  zero(ms: number): void {
    this.#zeroUntilMs = this.#clock.nowMs() + ms;
  }

  /** The device hands on nothing for so long, and does not say so. */
  starve(ms: number): void {
    this.#starvedUntilMs = this.#clock.nowMs() + ms;
  }

  /** True when chunks should be coming by now. */
  get isFine(): boolean {
    return this.isThere && this.#clock.nowMs() >= this.#starvedUntilMs;
  }

  async capture(listener: MicrophoneListener, signal: AbortSignal): Promise<void> {
    this.isOpen = true;
    this.brokenAt = this.position;
    while (!signal.aborted) {
      await pause(DEVICE_MS, signal, this.#clock);
      await this.#life(listener, signal);
    }
    await pause(DEVICE_MS, new AbortController().signal, this.#clock);
    this.isOpen = false;
  }

  async #life(listener: MicrophoneListener, signal: AbortSignal): Promise<void> {
    let isReady = false;
    for (let silentMs = 0; !signal.aborted && this.isThere && silentMs < STARVED_MS; ) {
      await pause(CHUNK_MS, signal, this.#clock);
      if (signal.aborted) return;
      if (!this.isFine) {
        silentMs += CHUNK_MS;
        continue;
      }
      silentMs = 0;
      if (!isReady) listener.ready({ device: 'virtual', rateHz: RATE_HZ });
      isReady = true;
      listener.chunk(this.#chunk());
    }
    if (signal.aborted || !isReady) return;
    this.brokenAt = this.position;
    listener.lost({ why: 'the test has taken the microphone away' });
  }

  #chunk(): Int16Array {
    const nowMs = this.#clock.nowMs();
    const gain = nowMs < this.#spokenUntilMs ? LOUD : 1;
    const isZero = nowMs < this.#zeroUntilMs;
    const chunk = new Int16Array(CHUNK_SAMPLES);
    if (!isZero) for (let i = 0; i < chunk.length; i++) chunk[i] = gain * quiet(this.position + i);
    if (this.position + chunk.length > this.emitted.length) {
      const grown = new Int16Array(2 * this.emitted.length);
      grown.set(this.emitted);
      this.emitted = grown;
    }
    this.emitted.set(chunk, this.position);
    this.position += chunk.length;
    return chunk;
  }
}

/** How a loudspeaker is just now. */
export type SpeakerMood =
  | 'fine'
  /** It opens nothing. */
  | 'failing'
  /** It plays, and says so half a second late. */
  | 'slow'
  /** It never says that it has played anything. */
  | 'stuck'
  /** It takes one piece of sound, and then no more. */
  | 'full';

const SLOW_MS = 500;

/** A loudspeaker in memory, which takes as long as the sound lasts, and fails when told to. */
export class VirtualSpeaker implements Speaker {
  readonly backend = 'virtual';
  mood: SpeakerMood = 'fine';
  current: VirtualPlayback | undefined;
  readonly #clock: Clock;
  #listener: SpeakerListener | undefined;
  #isThere = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  async run(listener: SpeakerListener, signal: AbortSignal): Promise<void> {
    this.#listener = listener;
    if (this.#isThere) listener.ready({ device: 'virtual' });
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    this.#listener = undefined;
    await this.current?.clear();
  }

  open(format: PcmFormat): Playback {
    void this.current?.clear();
    this.current = undefined;
    if (!this.#isThere || this.mood === 'failing') throw new AudioError('the test has taken it', { retryable: true });
    this.current = new VirtualPlayback(format, this.#clock, () => this.mood);
    return this.current;
  }

  /** Takes the device away, or gives it back. */
  plug(isThere: boolean): void {
    if (this.#isThere === isThere) return;
    this.#isThere = isThere;
    if (isThere) this.#listener?.ready({ device: 'virtual' });
    else {
      this.current?.break();
      this.#listener?.lost({ why: 'the test has taken the loudspeaker away' });
    }
  }
}

class VirtualPlayback implements Playback {
  readonly #clock: Clock;
  readonly #mood: () => SpeakerMood;
  readonly #format: PcmFormat;
  readonly #over = new AbortController();
  /** It was played to its end, and the device has said so. */
  isDrained = false;
  #startedMs: number | undefined;
  #bytes = 0;
  #isBroken = false;

  constructor(format: PcmFormat, clock: Clock, mood: () => SpeakerMood) {
    this.#format = format;
    this.#clock = clock;
    this.#mood = mood;
  }

  /** Sound is still to be heard, as far as anybody in the room can tell. */
  get leftMs(): number {
    if (this.#over.signal.aborted || this.#startedMs === undefined) return 0;
    return this.#startedMs + this.soundMs - this.#clock.nowMs();
  }

  /** How long what was written plays. */
  get soundMs(): number {
    return msOfBytes(this.#format, this.#bytes);
  }

  write(pcm: Uint8Array): boolean {
    if (this.#over.signal.aborted) return true;
    this.#startedMs ??= this.#clock.nowMs();
    this.#bytes += pcm.length;
    return this.#mood() !== 'full';
  }

  async writable(): Promise<void> {
    while (this.#mood() === 'full' && !this.#over.signal.aborted) {
      await pause(CHUNK_MS, this.#over.signal, this.#clock);
    }
  }

  async drain(): Promise<void> {
    await pause(this.leftMs, this.#over.signal, this.#clock);
    if (this.#mood() === 'slow') await pause(SLOW_MS, this.#over.signal, this.#clock);
    if (this.#mood() === 'stuck' && !this.#over.signal.aborted) {
      await new Promise((resolve) => this.#over.signal.addEventListener('abort', resolve, { once: true }));
    }
    this.isDrained = !this.#over.signal.aborted;
    if (this.#isBroken) throw new AudioError('the loudspeaker is gone', { retryable: true });
    this.#over.abort();
  }

  clear(): Promise<void> {
    this.#over.abort();
    return Promise.resolve();
  }

  break(): void {
    if (this.#over.signal.aborted) return;
    this.#isBroken = true;
    this.#over.abort();
  }
}

/** How long a hotword that nobody listened to may be heard late. */
const SAID_MS = 100;
const ENDED_SAMPLES_AGO = 160;

/** A hotword engine that hears what the test says was said. */
export class VirtualEngine {
  /** Position in the microphone's stream at which the hotword heard last ended. */
  endedAt = 0;
  readonly #clock: Clock;
  readonly #microphone: VirtualMicrophone;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(clock: Clock, microphone: VirtualMicrophone) {
    this.#clock = clock;
    this.#microphone = microphone;
  }

  /** A person says the hotword: it is heard if the engine listens just now. */
  say(): void {
    this.#saidAtMs = this.#clock.nowMs();
  }

  /** The engine fails at its next chunk. */
  fail(): void {
    this.#isFailing = true;
  }

  /** The engine fails no more. */
  mend(): void {
    this.#isFailing = false;
  }

  /** An engine; another one after each failure. */
  readonly make = (): Promise<HotwordEngine> =>
    Promise.resolve({
      name: 'virtual',
      // None, or an echo guard would be made that listens to real speech.
      phrases: [],
      rateHz: SPEECH_FORMAT.rateHz,
      chunkSamples: CHUNK_SAMPLES / 2,
      process: () => this.#process(),
      reset: () => undefined,
      close: () => undefined,
    });

  #process(): Detection | undefined {
    if (this.#isFailing) {
      this.#isFailing = false;
      throw new HotwordError('the test wants the engine to fail');
    }
    if (this.#clock.nowMs() - this.#saidAtMs > SAID_MS) return undefined;
    this.#saidAtMs = Number.NEGATIVE_INFINITY;
    // To a chunk: the listener gathers samples, and the microphone's chunk may hold two of the engine's.
    this.endedAt = this.#microphone.position - ENDED_SAMPLES_AGO;
    return { phrase: 'hey tars', score: 0.9, endedSamplesAgo: ENDED_SAMPLES_AGO };
  }
}
