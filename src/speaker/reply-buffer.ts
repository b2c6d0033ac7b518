import type { Clock, Timer } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { bytesOfMs, frameBytes, msOfBytes, type PcmFormat } from '../pcm/format.js';
import { PcmQueue } from '../pcm/queue.js';
import { rampDown, rampUp } from '../pcm/ramp.js';
import { fadeVolume } from '../pcm/volume.js';
import { Playhead } from './playhead.js';
import { SenderHold } from './sender-hold.js';
import { SinkWatch } from './sink-watch.js';
import type { Playback, Speaker } from './speaker.js';

/** What a reply buffer tells about the reply that is playing. `started` and `held` may come from inside its methods. */
export interface ReplyListener {
  /** The first sample is with the device and is due this long after `begin` (without the device's own latency). */
  started(info: { firstSampleMs: number }): void;
  /** The last sample has been played. `lastSampleMs` is from the first sample to when the last one was due. */
  drained(info: { playedMs: number; lastSampleMs: number; underruns: number }): void;
  /** The reply cannot be played (any further); the rest of it is dropped. */
  failed(info: { why: string }): void;
  /** Enough is waiting (true): whoever feeds the reply should pause; or there is room again (false). */
  held(hold: boolean): void;
}

/** Options of `ReplyBuffer`; durations in milliseconds of sound. */
export interface ReplyBufferOptions {
  speaker: Speaker;
  listener: ReplyListener;
  clock: Clock;
  log: Log;
  /** Buffered before the first sample is played. */
  prebufferMs: number;
  /** Silence in front of a reply, for devices that swallow the first sound; it plays while the prebuffer fills. */
  leadInMs: number;
  /** Beyond this much waiting sound the sender is held; at most 33 s more come on top (a message of 1 MiB). */
  bufferLimitMs: number;
  /** 0 to 1. */
  volume: number;
}

/** How far the device is kept ahead of what is heard: covers a busy event loop; dropped at once by `clear`. */
const LEAD_MS = 400;
/** The device is never let dry: below this, silence takes the place of sound that has not come. */
const DRY_MS = 40;
const TICK_MS = 20;
/**
 * The same before the first sample, which is heard the later the more silence is in front of it. A device that runs dry
 * there loses nothing.
 */
const IDLE_DRY_MS = 15;
const IDLE_TICK_MS = 10;
/** Buffered again after an underrun: doubled each time, from the prebuffer up to here (field policy). */
const REBUFFER_MAX_MS = 400;
/** A server's audio may arrive behind its end marker: so long after the marker the reply still takes some. */
const LATE_AUDIO_MS = 150;
/** A tick that is late itself runs before what came meanwhile has been read: so many find that time over. */
const LATE_AUDIO_TICKS = 2;
/** A device may be so late, beyond the computed duration, with its word that all has been played or with room for more. */
const SINK_MARGIN_MS = 5000;

type Stage = 'filling' | 'playing' | 'draining';

interface Reply {
  format: PcmFormat;
  playback: Playback;
  stage: Stage;
  queue: PcmQueue;
  beganAtMs: number;
  endedAtMs: number | undefined;
  /** Ticks behind the time for late audio. */
  ticksOverdue: number;
  playhead: Playhead;
  /** When the first sample of the reply itself is due; undefined before it is with the device. */
  firstSampleAtMs: number | undefined;
  /** When the last sample that the device has been given is due. */
  lastSampleAtMs: number;
  /** Of the last sound given to the device; another one is faded to. */
  volume: number;
  /** The last frame of the reply given to the device. */
  lastFrame: Uint8Array;
  /** True from the beginning of a gap until sound follows it. */
  isInGap: boolean;
  /** Buffered before it plays on. */
  targetMs: number;
  underruns: number;
  hold: SenderHold;
  isBlocked: boolean;
  /** What was announced when this one was already with the device, as one reply: begins when this one has been played. */
  next: { queue: PcmQueue; isEnded: boolean } | undefined;
}

/**
 * Stands between a server, which sends a reply as it likes, and the device, which wants it evenly: starts when enough
 * has come, keeps the device a little ahead, fills gaps with silence and counts them, and ends when the device says
 * that the last sample has been played.
 */
export class ReplyBuffer {
  readonly #options: ReplyBufferOptions;
  #volume: number;
  #reply: Reply | undefined;
  #timer: Timer | undefined;
  readonly #sink: SinkWatch;
  #isSealed = false;

  constructor(options: ReplyBufferOptions) {
    this.#options = options;
    this.#volume = options.volume;
    this.#sink = new SinkWatch({ clock: options.clock, onDead: (why) => this.#giveUp(why) });
  }

  /** Loudness of what is given to the device from now on, 0 to 1. */
  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    this.#volume = volume;
  }

  /** True from `begin` until the reply was drained, failed or cleared. */
  get isActive(): boolean {
    return this.#reply !== undefined;
  }

  /** A reply begins; one that is still playing is cleared. Without a device the reply fails, by event. */
  begin(format: PcmFormat): void {
    this.#isSealed = false;
    this.#begin(format);
  }

  #begin(format: PcmFormat): void {
    void this.clear();
    const { speaker, clock, prebufferMs, leadInMs } = this.#options;
    try {
      const reply: Reply = {
        format,
        playback: speaker.open(format),
        stage: 'filling',
        queue: new PcmQueue(frameBytes(format)),
        beganAtMs: clock.nowMs(),
        endedAtMs: undefined,
        ticksOverdue: 0,
        playhead: new Playhead(format, clock),
        firstSampleAtMs: undefined,
        lastSampleAtMs: 0,
        volume: this.#volume,
        lastFrame: new Uint8Array(0),
        isInGap: false,
        targetMs: prebufferMs,
        underruns: 0,
        hold: this.#makeHold(),
        isBlocked: false,
        next: undefined,
      };
      this.#reply = reply;
      if (leadInMs === 0) return;
      this.#write(reply, new Uint8Array(bytesOfMs(format, leadInMs)));
      this.#pump(reply);
    } catch (error) {
      this.#timer = clock.setTimeout(() => {
        this.#timer = undefined;
        this.#options.listener.failed({ why: messageOf(error) });
      }, 0);
    }
  }

  /** More of the reply, in blocks of any length; a part of a frame waits for its rest. Ignored outside a reply. */
  push(pcm: Uint8Array): void {
    if (this.#reply && !this.#isSealed) this.#take(this.#reply, pcm);
  }

  #take(reply: Reply, pcm: Uint8Array): void {
    if (reply.stage === 'draining') {
      reply.next?.queue.push(pcm);
      return;
    }
    reply.queue.push(pcm);
    if (reply.stage === 'filling') this.#pump(reply);
    reply.hold.update(msOfBytes(reply.format, reply.queue.bytes));
  }

  /** Nothing more is expected, except what is late. */
  end(): void {
    const reply = this.#reply;
    if (reply?.next) reply.next.isEnded = true;
    if (!reply || reply.endedAtMs !== undefined) return;
    reply.endedAtMs = this.#options.clock.nowMs();
    this.#pump(reply);
  }

  /** A further reply begins behind this one, in the same format; `drained` comes when both have been played. */
  extend(): void {
    const reply = this.#reply;
    if (!reply) return;
    // Half a sample at the end of a reply would make noise of all of the next one.
    (reply.next?.queue ?? reply.queue).dropPart();
    if (reply.stage !== 'draining') {
      reply.endedAtMs = undefined;
      reply.ticksOverdue = 0;
    } else if (reply.next) reply.next.isEnded = false;
    else reply.next = { queue: new PcmQueue(frameBytes(reply.format)), isEnded: false };
  }

  /** What has come plays out, and what still comes is dropped, until the next `begin`. */
  seal(): void {
    this.#isSealed = true;
  }

  /** Silence now; the reply is forgotten and none of its events come any more. May be called at any time. */
  async clear(): Promise<void> {
    const reply = this.#reply;
    this.#stopTimer();
    if (!reply) return;
    this.#forget(reply);
    await reply.playback.clear();
  }

  #pump(reply: Reply): void {
    if (reply !== this.#reply || reply.stage === 'draining') return;
    // This process was busy for longer than the device was ahead; in front of the reply and behind it nobody hears that.
    // A device that takes nothing counts when it takes sound again, and once.
    if (reply.playhead.resume() && !reply.isBlocked && this.#isWithin(reply)) reply.underruns += 1;
    if (reply.stage === 'filling' && this.#isFilled(reply)) reply.stage = 'playing';
    if (reply.stage === 'playing') this.#feed(reply);
    if (this.#isPlayedOut(reply)) {
      this.#drain(reply);
      return;
    }
    this.#fillGap(reply);
    this.#timer ??= this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#isOverdue(reply)) reply.ticksOverdue += 1;
      this.#pump(reply);
    }, tickOf(reply));
  }

  #isFilled(reply: Reply): boolean {
    const waitingMs = msOfBytes(reply.format, reply.queue.bytes);
    return reply.endedAtMs !== undefined || (waitingMs > 0 && waitingMs >= reply.targetMs);
  }

  #isWithin(reply: Reply): boolean {
    return reply.firstSampleAtMs !== undefined && (reply.endedAtMs === undefined || reply.queue.bytes > 0);
  }

  /** Nothing late can come any more, unless it waits to be read. */
  #isOverdue(reply: Reply): boolean {
    return reply.endedAtMs !== undefined && this.#options.clock.nowMs() - reply.endedAtMs >= LATE_AUDIO_MS;
  }

  /** All sound is with the device, and nothing late can come any more. */
  #isPlayedOut(reply: Reply): boolean {
    return reply.endedAtMs !== undefined && reply.queue.bytes === 0 && reply.ticksOverdue >= LATE_AUDIO_TICKS;
  }

  #feed(reply: Reply): void {
    while (reply.queue.bytes > 0 && !reply.isBlocked && reply.playhead.aheadMs < LEAD_MS) {
      const taken = reply.queue.take(bytesOfMs(reply.format, TICK_MS));
      const pcm = fadeVolume(taken, reply.format, reply.volume, this.#volume);
      reply.volume = this.#volume;
      if (reply.firstSampleAtMs === undefined) this.#noteFirstSample(reply);
      if (reply.isInGap) this.#write(reply, rampUp(pcm.subarray(0, frameBytes(reply.format)), reply.format));
      reply.isInGap = false;
      this.#write(reply, pcm);
      reply.lastSampleAtMs = this.#options.clock.nowMs() + reply.playhead.aheadMs;
      reply.lastFrame = pcm.subarray(-frameBytes(reply.format));
    }
    reply.hold.update(msOfBytes(reply.format, reply.queue.bytes));
  }

  #write(reply: Reply, pcm: Uint8Array): void {
    reply.playhead.wrote(pcm.length);
    if (!reply.playback.write(pcm)) this.#waitForRoom(reply);
  }

  #noteFirstSample(reply: Reply): void {
    reply.firstSampleAtMs = this.#options.clock.nowMs() + Math.max(0, reply.playhead.aheadMs);
    this.#options.listener.started({ firstSampleMs: reply.firstSampleAtMs - reply.beganAtMs });
  }

  #waitForRoom(reply: Reply): void {
    reply.isBlocked = true;
    // Whatever pipes and buffers there are, no more can be in them than the device has not played yet.
    this.#sink.expect(Math.max(0, reply.playhead.aheadMs) + SINK_MARGIN_MS, 'the device took no more sound');
    void reply.playback.writable().then(() => {
      reply.isBlocked = false;
      if (reply === this.#reply && reply.stage !== 'draining') this.#sink.close();
    });
  }

  /** Nothing to play just now: silence keeps the device from stopping; in the middle of a reply it is an underrun. */
  #fillGap(reply: Reply): void {
    // Time has passed since the feeding: what waits goes out with the next tick, without silence in front of it.
    if (reply.stage === 'playing' && reply.queue.bytes > 0) return;
    const dryMs = reply.firstSampleAtMs === undefined ? IDLE_DRY_MS : DRY_MS;
    if (reply.isBlocked || !reply.playhead.isMoving || reply.playhead.aheadMs >= dryMs) return;
    if (reply.stage === 'playing' && reply.endedAtMs === undefined) {
      reply.stage = 'filling';
      reply.underruns += 1;
      reply.targetMs = Math.min(REBUFFER_MAX_MS, Math.max(TICK_MS, reply.targetMs * 2));
      reply.isInGap = true;
      this.#write(reply, rampDown(reply.lastFrame, reply.format));
    }
    const step = new Uint8Array(bytesOfMs(reply.format, tickOf(reply)));
    while (!reply.isBlocked && reply.playhead.aheadMs < dryMs) this.#write(reply, step);
  }

  #drain(reply: Reply): void {
    const { clock, listener } = this.#options;
    reply.stage = 'draining';
    this.#stopTimer();
    const limitMs = Math.max(0, reply.playhead.aheadMs) + SINK_MARGIN_MS;
    this.#sink.expect(limitMs, 'the device did not say that it has played the rest');
    reply.playback.drain().then(
      () => {
        if (reply !== this.#reply) return;
        this.#forget(reply);
        if (reply.next) {
          this.#beginNext(reply.format, reply.next);
          return;
        }
        const { firstSampleAtMs, lastSampleAtMs, underruns } = reply;
        const sinceFirst = (atMs: number) => (firstSampleAtMs === undefined ? 0 : Math.round(atMs - firstSampleAtMs));
        listener.drained({ playedMs: sinceFirst(clock.nowMs()), lastSampleMs: sinceFirst(lastSampleAtMs), underruns });
      },
      (error: unknown) => this.#fail(reply, messageOf(error)),
    );
  }

  #beginNext(format: PcmFormat, next: { queue: PcmQueue; isEnded: boolean }): void {
    this.#begin(format);
    if (this.#reply) {
      this.#reply.queue = next.queue;
      this.#take(this.#reply, new Uint8Array(0));
    }
    if (next.isEnded) this.end();
  }

  /** The device is there and does not play: its playback is ended with the reply. */
  #giveUp(why: string): void {
    const reply = this.#reply;
    if (!reply) return;
    this.#fail(reply, why);
    void reply.playback.clear();
  }

  /** The loudspeaker is gone: the reply cannot go on. */
  fail(why: string): void {
    if (this.#reply) this.#fail(this.#reply, why);
  }

  #fail(reply: Reply, why: string): void {
    if (reply !== this.#reply) return;
    this.#forget(reply);
    this.#options.listener.failed({ why });
  }

  #forget(reply: Reply): void {
    this.#stopTimer();
    this.#sink.close();
    this.#reply = undefined;
    reply.hold.update(0);
  }

  #makeHold(): SenderHold {
    const { bufferLimitMs, listener, log } = this.#options;
    return new SenderHold(bufferLimitMs, (hold, waitingMs) => {
      log.debug({ waitingMs: Math.round(waitingMs), hold }, 'the reply comes faster than it plays');
      listener.held(hold);
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function tickOf(reply: Reply): number {
  return reply.firstSampleAtMs === undefined ? IDLE_TICK_MS : TICK_MS;
}
