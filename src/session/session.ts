import { isDeepStrictEqual } from 'node:util';
import { type Actor, createActor } from 'xstate';
import type { Clock } from '../clock.js';
import type { CuePlayer } from '../cues/player.js';
import type { Link, LinkListener } from '../link/link.js';
import type { Journal, Log } from '../log.js';
import { bytesOf, type PcmFormat } from '../pcm/format.js';
import type { SpeechDetector } from '../pcm/level.js';
import type {
  BatteryLevel,
  Codec,
  DeviceEvent,
  Display,
  Protocol,
  ServerEvent,
  WireMessage,
} from '../protocol/protocol.js';
import type { ReplyBuffer, ReplyListener } from '../speaker/reply-buffer.js';
import type { Sound } from '../speech/voice.js';
import type { BargeIn, Order, SessionEvent, SessionLimits } from './events.js';
import { Greeting } from './greeting.js';
import { sessionMachine } from './machine.js';
import type { Narrator } from './narrator.js';
import type { Router } from './router.js';
import { TurnTiming } from './timing.js';
import { nameOfState, whyOf } from './words.js';

/** The parts a session works with. */
export interface SessionParts {
  link: Link;
  protocol: Protocol;
  router: Router;
  replies: ReplyBuffer;
  cues: CuePlayer;
  /** Tells whether the person speaks in what goes to the server. */
  speech: SpeechDetector;
  /** Says what the server shows; without one displays mean nothing. */
  narrator?: Narrator | undefined;
  /** Opens or closes the capture; called when the device is muted and unmuted. */
  capture: (isOn: boolean) => void;
}

/** Options of `Session`. */
export interface SessionOptions {
  limits: SessionLimits;
  bargeIn: BargeIn;
  journal: Journal;
  clock: Clock;
  /** The wall clock. @default the system's */
  now?: () => Date;
  /** Gets what the server shows. */
  onDisplay?: (display: Display) => void;
  log: Log;
}

/** Events after which the person may speak. */
const BEGINS_TURN: ReadonlySet<string> = new Set(['hotword', 'trigger', 'person.interrupted', 'playback.drained']);
/** How often the machine hears of speech that lasts. */
const SPOKE_EVERY_MS = 500;

/**
 * Runs the statechart: carries out its orders with the parts, and tells it what the parts tell. Audio passes by it,
 * from the router to the link and from the link to the reply buffer.
 */
export class Session {
  readonly #parts: SessionParts;
  readonly #options: SessionOptions;
  readonly #actor: Actor<typeof sessionMachine>;
  #codec: Codec | undefined;
  #greeting: Greeting | undefined;
  #linkInfo = { url: '', attempt: 0 };
  #state = 'idle';
  #startedMs = 0;
  #spokeAtMs = Number.NEGATIVE_INFINITY;
  #turnBeganMs = 0;
  #timing: TurnTiming | undefined;
  #ignored = new Map<string, number>();
  #battery: BatteryLevel | undefined;
  #running: readonly string[] = [];

  constructor(parts: SessionParts, options: SessionOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#actor = createActor(sessionMachine.provide({ actions: this.#actions() }), {
      input: { limits: options.limits, bargeIn: options.bargeIn },
      clock: xstateClock(options.clock),
      inspect: (inspection) => {
        if (inspection.type === '@xstate.snapshot' && inspection.actorRef === this.#actor) {
          this.#noteState(nameOfState(inspection.snapshot), whyOf(inspection.event));
        }
      },
    });
  }

  /** The present state's name, as in the log. */
  get state(): string {
    return this.#state;
  }

  start(): void {
    const { narrator, replies } = this.#parts;
    narrator?.attach({
      play: (sound) => this.#playOwn(sound),
      stop: () => {
        void replies.clear();
        this.send({ type: 'playback.drained' });
      },
      tell: (event) => this.#tell(event),
    });
    this.#actor.start();
  }

  /** Tells the machine what happened. */
  send(event: SessionEvent): void {
    if (BEGINS_TURN.has(event.type)) this.#turnBeganMs = this.#options.clock.nowMs();
    if (event.type === 'playback.drained') this.#parts.router.played();
    this.#options.journal.trace(event);
    this.#actor.send(event);
  }

  /** Ends a conversation, with a word to the server, and stops. May be called twice. */
  async close(): Promise<void> {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send({ type: 'shutdown' });
    this.#actor.stop();
    this.#greeting?.close();
    this.#parts.narrator?.close();
    await this.#parts.replies.clear();
  }

  /** The person wants an app of the server's started or stopped; where the server has none, nothing happens. */
  tellApp({ id, do: what }: { id: string; do: 'start' | 'stop' }): void {
    this.#tell({ type: 'app', id, do: what });
  }

  /** The button was pressed, or what stands for it. */
  tellPressed(press: 'short' | 'long'): void {
    this.#tell({ type: 'button', press });
  }

  /** How full the battery is now, told again on every new connection; undefined: there is none any more, and nothing to tell. */
  tellBattery(level: BatteryLevel | undefined): void {
    this.#battery = level;
    if (level) this.#tell({ type: 'battery', ...level });
  }

  /** What the link tells. */
  readonly linkListener: LinkListener = {
    up: (info) => {
      const { protocol, link } = this.#parts;
      const { clock, now = () => new Date() } = this.#options;
      this.#codec = protocol.connect(now);
      this.#linkInfo = info;
      this.#greeting?.close();
      this.#greeting = new Greeting({ codec: this.#codec, link, clock });
      this.#greeting.start();
      if (this.#codec.isReady) this.#noteReady();
    },
    down: ({ wasUp, ...info }) => {
      this.#codec = undefined;
      this.#greeting?.close();
      this.#options.journal.record('link.down', info);
      this.#reportIgnored();
      if (wasUp) this.send({ type: 'link.down', reason: info.reason });
    },
    message: (message) => {
      for (const event of this.#codec?.decode(message) ?? []) this.#obey(event);
      this.#greeting?.heard();
    },
  };

  /** What the reply buffer tells. */
  readonly replyListener: ReplyListener = {
    started: ({ firstSampleMs }) => {
      this.#timing?.noteFirstSample(firstSampleMs);
      this.#options.journal.record('reply.started', { firstSampleMs: Math.round(firstSampleMs) });
    },
    drained: (info) => {
      this.#options.journal.record('reply.completed', info);
      this.#parts.narrator?.over(info.playedMs);
      const timing = this.#timing?.finish(info.playedMs);
      this.send({ type: 'playback.drained' });
      if (timing) this.#options.journal.record('turn.timing', timing);
    },
    failed: ({ why }) => {
      this.#parts.narrator?.over(0, why);
      this.send({ type: 'playback.failed', why });
    },
    held: (hold) => {
      // Only what the link brings can come slower.
      if (!this.#parts.narrator?.isPlaying) this.#parts.link.holdReading(hold);
      this.send({ type: 'reply.held', hold });
    },
  };

  /** Microphone audio of the person's turn, on its way to the server. */
  sendAudio(samples: Int16Array): void {
    this.#tell({ type: 'mic.audio', pcm: bytesOf(samples) });
    const nowMs = this.#options.clock.nowMs();
    if (this.#timing?.noteOut(nowMs)) this.#options.journal.trace({ type: 'turn.firstByteOut' });
    const { isSpeaking } = this.#parts.speech.feed(samples);
    if (isSpeaking && nowMs - this.#spokeAtMs >= SPOKE_EVERY_MS) {
      this.#spokeAtMs = nowMs;
      this.#parts.narrator?.personSpoke();
      this.send({ type: 'person.spoke' });
    }
  }

  /** The server may be talked to. */
  #noteReady(): void {
    this.#greeting?.close();
    this.#options.journal.record('link.up', this.#linkInfo);
    if (this.#battery) this.#tell({ type: 'battery', ...this.#battery });
    this.send({ type: 'link.up' });
  }

  /** A sound of the device's own takes the way of any reply; outside a conversation it is an announcement. */
  #playOwn({ rateHz, samples }: Sound): boolean {
    const { replies } = this.#parts;
    const format: PcmFormat = { rateHz, bits: 16, channels: 1 };
    if (this.#state === 'listening') {
      this.send({ type: 'announcement', format });
      replies.push(bytesOf(samples));
      replies.end();
      return true;
    }
    if (this.#state !== 'activeSession.userTurn') return false;
    this.#timing?.noteBack(this.#options.clock.nowMs());
    this.send({ type: 'server.replyStarted', format });
    replies.push(bytesOf(samples));
    this.send({ type: 'server.replyAudio' });
    this.send({ type: 'server.replyEnded' });
    return true;
  }

  #obey(event: ServerEvent): void {
    const { narrator } = this.#parts;
    switch (event.type) {
      case 'ready':
        this.#noteReady();
        break;
      case 'answer':
        for (const message of event.messages) this.#parts.link.send(message);
        break;
      case 'rejected':
        this.#parts.link.drop({ kind: 'rejected', reason: event.reason, isLasting: event.isLasting });
        break;
      case 'reply.started':
        this.#timing?.noteBack(this.#options.clock.nowMs());
        this.send({ type: 'server.replyStarted', format: event.format });
        break;
      case 'reply.audio':
        this.#parts.replies.push(event.pcm);
        this.send({ type: 'server.replyAudio' });
        break;
      case 'reply.ended':
        this.send({ type: 'server.replyEnded' });
        break;
      case 'session.ended':
        this.send({ type: 'server.sessionEnded', reason: event.reason });
        break;
      case 'ignored':
        this.#ignore(event.kind, event.detail);
        break;
      case 'error':
        this.#options.log.warn({ why: event.message }, 'the server reports a failure');
        break;
      case 'apps':
        // Told on every connection, and by every app's every change.
        if (isDeepStrictEqual(event.running, this.#running)) break;
        this.#running = event.running;
        this.#options.journal.record('apps.changed', { running: event.running });
        break;
      case 'display':
        this.#options.onDisplay?.(event);
        narrator?.show(event);
        break;
      case 'play.requested':
        narrator?.request(event);
        break;
      case 'play.stopped':
        narrator?.stopOf(event.owner);
        break;
      case 'session.requested':
      case 'text':
        this.#ignore(event.type, 'this device has no use for it');
        break;
    }
  }

  /** Counted, and logged the first time on each connection: a server that repeats itself must not fill the log. */
  #ignore(kind: string, detail: string): void {
    const count = (this.#ignored.get(kind) ?? 0) + 1;
    this.#ignored.set(kind, count);
    if (count === 1) this.#options.journal.record('protocol.ignored', { type: kind, detail });
  }

  #reportIgnored(): void {
    if (this.#ignored.size > 0)
      this.#options.log.info({ counts: Object.fromEntries(this.#ignored) }, 'ignored messages');
    this.#ignored = new Map();
  }

  #tell(event: DeviceEvent): void {
    for (const message of this.#codec?.encode(event) ?? ([] as WireMessage[])) this.#parts.link.send(message);
  }

  #actions() {
    const { router, replies, cues, link, capture, narrator } = this.#parts;
    return {
      route: (_: unknown, route: Order<'route'>) => router.turn(route),
      capture: (_: unknown, { isOn }: Order<'capture'>) => {
        router.forget();
        capture(isOn);
      },
      tell: (_: unknown, event: Order<'tell'>) => this.#tell(event),
      cue: (_: unknown, { name }: Order<'cue'>) => cues.play(name),
      hurryLink: () => {
        if (link.isUp && this.#codec?.isReady) this.#actor.send({ type: 'link.up' });
        link.hurry();
      },
      tempo: (_: unknown, { tempo }: Order<'tempo'>) => link.setTempo(tempo),
      reply: (_: unknown, order: Order<'reply'>) => {
        if (order.do === 'begin' || order.do === 'announce') {
          if (order.do === 'begin') this.#tell({ type: 'reply.begun' });
          replies.begin(order.format);
        } else if (order.do === 'end') replies.end();
        else if (order.do === 'extend') replies.extend();
        else if (order.do === 'seal') replies.seal();
        else {
          narrator?.cut();
          void replies.clear();
        }
      },
      noteStarted: (_: unknown, { turn }: Order<'noteStarted'>) => this.#noteStarted(turn),
      noteEnded: (_: unknown, { reason }: Order<'noteEnded'>) => this.#noteEnded(reason),
    };
  }

  #noteStarted(turn: number): void {
    this.#startedMs = this.#options.clock.nowMs();
    this.#timing = new TurnTiming(turn, this.#turnBeganMs);
    this.#options.journal.record('session.started', { turn });
  }

  #noteEnded(reason: string): void {
    const ms = Math.round(this.#options.clock.nowMs() - this.#startedMs);
    this.#timing = undefined;
    this.#options.journal.record('session.ended', { reason, ms });
  }

  #noteState(to: string, why: string): void {
    if (to === this.#state) return;
    const from = this.#state;
    this.#state = to;
    this.#options.journal.record('state.changed', { from, to, why });
    // Not from inside the machine, which takes no orders there.
    queueMicrotask(() => this.#parts.narrator?.entered(this.#state));
    // A later turn of the same conversation; the first one began with the session.
    const isLaterTurn = to === 'activeSession.userTurn' && from.startsWith('activeSession.');
    if (isLaterTurn) this.#timing = new TurnTiming(this.#actor.getSnapshot().context.turn, this.#turnBeganMs);
  }
}

/** The clock as XState wants it. */
function xstateClock(clock: Clock) {
  return {
    setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
    clearTimeout: (timer: unknown) => clock.clearTimeout(timer as object),
  };
}
