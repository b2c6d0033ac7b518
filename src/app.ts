import { AssistantServer } from './assistant/server.js';
import { BatteryWatch, type BatteryWatchOptions } from './battery.js';
import { limitsOfStates, StateWatch } from './black-box/state-watch.js';
import type { Clock } from './clock.js';
import type { Config } from './config.js';
import { maskUrl } from './config.js';
import { CuePlayer } from './cues/player.js';
import { AudioError, ClientError, messageOf } from './errors.js';
import type { Hands } from './hands/hands.js';
import type { Press } from './hands/press.js';
import type { AppEar } from './hotword/deaf-ear.js';
import { type EarHeirloom, EarKeeper, type EarOwner } from './hotword/ear-keeper.js';
import type { PhraseScore } from './hotword/engine.js';
import { KeptDetections } from './hotword/kept-detections.js';
import { LATE_MS } from './hotword/thread-ear.js';
import type { Link } from './link/link.js';
import { NetworkWatch } from './link/network-watch.js';
import type { OpenSocket } from './link/socket.js';
import type { Journal, Log } from './log.js';
import { type Meter, MeterSource } from './meters.js';
import type { Microphone } from './mic/microphone.js';
import {
  limitsOf,
  makeEar,
  makeHands,
  makeLink,
  makeMicrophone,
  makeNarrator,
  makeSpeaker,
  protocolOf,
} from './parts.js';
import { SPEECH_FORMAT } from './pcm/format.js';
import { SpeechDetector } from './pcm/level.js';
import { SampleRing } from './pcm/ring.js';
import type { Display } from './protocol/protocol.js';
import { Capture, type MicLevel } from './session/capture.js';
import { interruptionDetector } from './session/interruption.js';
import type { Narrator } from './session/narrator.js';
import { PhraseActions, phraseActions } from './session/phrase-actions.js';
import { Router } from './session/router.js';
import { Session } from './session/session.js';
import { ReplyBuffer } from './speaker/reply-buffer.js';
import type { Speaker } from './speaker/speaker.js';
import { TappedSpeaker } from './speaker/tapped-speaker.js';
import { playTestTone } from './speaker/test-tone.js';
import { SpeakerWatch } from './speaker/watch.js';
import { PROGRAM_VERSION } from './version.js';

/** Parts that the configuration names otherwise. */
export interface AppParts {
  microphone: Microphone;
  speaker: Speaker;
  makeEar: (owner: EarOwner) => Promise<AppEar>;
  openSocket: OpenSocket;
}

/** Options of `App`. */
export interface AppOptions {
  config: Config;
  journal: Journal;
  log: Log;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Stand in for those of the configuration; a simulation brings its own. */
  parts?: Partial<AppParts>;
  /** Gets what the server shows, its placeholders filled in, where the configuration wants it shown. */
  onDisplay?: (display: Display) => void;
  /** Where the machine's batteries are, and how often they are read. */
  battery?: Pick<BatteryWatchOptions, 'folder' | 'everyMs'>;
  /** Parts of a device that was closed, to go on with. */
  heirlooms?: Heirlooms;
}

/** What a closed device leaves to the next one: parts that are costly to begin again. */
export interface Heirlooms {
  link?: Link;
  ear?: EarHeirloom;
  /** Samples that the ear has been given so far: it takes what comes next for what follows them. */
  position?: number;
  /** The person has muted the device: the next one must not listen either. */
  isMuted?: boolean;
  /** Sound of the last detections; a device that is to keep none lets go of it. */
  kept?: KeptDetections;
  /** What the person has set the volume to, while this one was configured. */
  volume?: { set: number; configured: number };
}

/** More than the pre-roll and the grace of a connection must fit in the ring: what an engine reports late counts too. */
const RING_MARGIN_MS = LATE_MS + 1000;
/** Engines know the end of a phrase to some tens of milliseconds: so much more pre-roll goes out than was asked for. */
const END_DOUBT_MS = 50;

/**
 * The device: joins the parts that `parts.ts` makes of the configuration. Nothing else joins parts.
 */
export class App {
  readonly #options: AppOptions;
  readonly #stop = new AbortController();
  #assistant: AssistantServer | undefined;
  /** The person wants it muted; the session knows once there is one. */
  #isMuted: boolean;
  readonly #ears: EarKeeper;
  readonly #micLevel: MeterSource<MicLevel>;
  readonly #score: MeterSource<PhraseScore>;
  #link: Link | undefined;
  readonly #network: NetworkWatch;
  readonly #actions: PhraseActions;
  /** Undefined where there is neither button nor LED. */
  readonly #hands: Hands | undefined;
  /** Undefined where no sound is to be kept. */
  readonly #kept: KeptDetections | undefined;
  #ring: SampleRing | undefined;
  #volume: number;
  #replies: ReplyBuffer | undefined;
  #speaker: Speaker | undefined;
  #session: Session | undefined;
  #narrator: Narrator | undefined;
  #router: Router | undefined;
  #capture: Capture | undefined;
  #battery: BatteryWatch | undefined;
  #states: StateWatch | undefined;
  #speaking: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(options: AppOptions) {
    this.#options = options;
    const { journal, heirlooms = {} } = options;
    // Taken at once, so that what is never started closes them, or bequeaths them.
    this.#link = heirlooms.link;
    this.#isMuted = heirlooms.isMuted ?? false;
    const { volume } = options.config.speaker;
    this.#volume = heirlooms.volume?.configured === volume ? heirlooms.volume.set : volume;
    this.#kept = options.config.hotword.keep_last ? (heirlooms.kept ?? new KeptDetections()) : undefined;
    const { log } = options;
    this.#ears = new EarKeeper({
      make: (owner, signal) => this.#makeEar(owner, signal),
      heirloom: heirlooms.ear,
      onDetection: (hit) => {
        journal.record('hotword.detected', { phrase: hit.phrase, score: hit.score, engine: hit.engine });
        if (this.#ring && !this.#isMuted) this.#kept?.keep(hit, this.#ring);
        this.#actions.heard(hit);
      },
      onLost: (why) => this.#session?.send({ type: 'engine.lost', why }),
      onMended: (ear) => {
        this.#router?.hear(ear);
        this.#noteEar(ear);
        this.#session?.send({ type: 'engine.ready' });
      },
      clock: options.clock,
      log,
    });
    this.#network = new NetworkWatch({ clock: options.clock });
    this.#micLevel = new MeterSource({ log });
    this.#score = new MeterSource({
      log,
      onWatched: () => this.#ears.watchScores(this.#score.isWatched ? (score) => this.#score.show(score) : undefined),
    });
    this.#hands = makeHands(options.config, {
      journal,
      clock: options.clock,
      isMuted: () => this.#isMuted,
      onPress: (press) => this.#pressed(press),
    });
    const { phrases, actions } = options.config.hotword;
    this.#actions = new PhraseActions({
      actions: phraseActions(phrases, actions),
      journal: options.journal,
      send: (event) => this.#session?.send(event),
      app: (order) => this.#session?.tellApp(order),
      readDashboard: () => this.#narrator?.readDashboard(),
    });
  }

  /**
   * Starts everything. Resolves when the parts are joined and starting, not when the device listens: microphone, speaker
   * and server may come later. Throws ConfigError or HotwordError for what only a person can mend.
   */
  async start(): Promise<void> {
    const { config, journal } = this.#options;
    // The LED shows from now on how far it is.
    this.#hands?.start();
    const serverUrl = await this.#serverUrl();
    // First, because an engine may cost an activation, and a token that cannot be read ends the program.
    this.#link ??= makeLink({ ...this.#options, serverUrl });
    const link = this.#link;
    if (!this.#options.heirlooms) {
      journal.record('client.started', {
        version: PROGRAM_VERSION,
        protocol: config.server.protocol,
        server: config.server.url === '' ? 'the embedded assistant' : maskUrl(config.server.url),
      });
    }
    const ear = await this.#ears.open(this.#stop.signal);
    if (!ear) return;
    this.#join(link, ear);
    this.#noteEar(ear);
  }

  /** A conversation without a hotword, or the end of the present one. */
  talkOrStop(source: 'button' | 'key' = 'key'): void {
    this.#session?.tellPressed('short');
    if (this.state === 'listening') this.talk(source);
    else this.stop();
  }

  /** A conversation without a hotword; nothing where the device does not listen for one. */
  talk(source: 'button' | 'key' = 'key'): void {
    this.#session?.send({ type: 'trigger', source });
  }

  /** The end of the present conversation, or of the reply that plays. */
  stop(): void {
    this.#session?.send({ type: 'stop' });
  }

  /** The state of the conversation, as in the log. */
  get state(): string {
    return this.#session?.state ?? 'idle';
  }

  /** The server is connected. */
  get isLinkUp(): boolean {
    return this.#link?.isUp ?? false;
  }

  /** The hotword engine's name; undefined while there is none. */
  get engine(): string | undefined {
    return this.#ears.ear?.engine;
  }

  /** Loudness of replies, 0 to 1. */
  get volume(): number {
    return this.#volume;
  }

  /** Another loudness of replies, 0 to 1, until the program ends or `speaker.volume` changes. */
  setVolume(volume: number): void {
    this.#volume = volume;
    if (this.#replies) this.#replies.volume = volume;
  }

  /**
   * Plays a rising tone as loud as a reply. Resolves when its last sample has been played. Rejects with AudioError within a
   * conversation and where it was not played to its end.
   */
  async testTone(): Promise<void> {
    if (!this.isQuiet) throw new AudioError('no test tone within a conversation; stop it first');
    if (!this.#speaker) throw new AudioError('there is no loudspeaker yet; try again in a second');
    await playTestTone(this.#speaker, this.#volume, this.#options.clock);
  }

  /** How loud the microphone is, chunk by chunk. */
  get micLevel(): Meter<MicLevel> {
    return this.#micLevel;
  }

  /**
   * How near what is said comes to each phrase: with openWakeWord every 80 ms while the room is not quiet, with PocketSphinx
   * what counted as heard, with Porcupine nothing.
   */
  get score(): Meter<PhraseScore> {
    return this.#score;
  }

  /** The threshold of each phrase, on the engine's own scale; undefined where the engine has none. */
  get thresholds(): ReadonlyMap<string, number> | undefined {
    return this.#ears.ear?.thresholds;
  }

  /** Another threshold until the program ends, above 0 and at most 1. Throws HotwordError for what cannot be set. */
  setThreshold(phrase: string, threshold: number): void {
    this.#ears.setThreshold(phrase, threshold);
  }

  /**
   * Writes the sound of the last detections into a folder, and lets go of it. Resolves when that is done; the log tells
   * where it went, and why nothing was written.
   */
  async saveDetections(folder: string): Promise<void> {
    const { journal, log } = this.#options;
    if (!this.#kept) {
      log.warn('no sound of detections is kept; hotword.keep_last = true keeps that of the last ten in memory');
      return;
    }
    try {
      journal.record('hotword.saved', { files: (await this.#kept.write(folder)).length, folder });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      log.error({ why: error.message }, 'the sound of the last detections is not saved');
    }
  }

  /** Ends the capture and lets go of the sound that is kept, or begins it again. To the server it is the button's long press. */
  toggleMute(): void {
    this.#session?.tellPressed('long');
    this.setMuted(!this.#isMuted);
  }

  /** As `toggleMute`, to this side; nothing where it is so already. */
  setMuted(isMuted: boolean): void {
    if (isMuted === this.#isMuted) return;
    this.#isMuted = isMuted;
    if (this.#isMuted) this.#kept?.forget();
    this.#session?.send({ type: this.#isMuted ? 'mute' : 'unmute' });
  }

  /** The person has muted it: the microphone is closed. */
  get isMuted(): boolean {
    return this.#isMuted;
  }

  /** Dials at once if the server is not there. */
  hurryLink(): void {
    this.#link?.hurry();
  }

  /** Since the last chunk of the microphone, in milliseconds; undefined while the capture is closed. */
  get chunkAgeMs(): number | undefined {
    return this.#capture?.chunkAgeMs;
  }

  /** The present state's name where it has outlived its limit. */
  get overdueState(): string | undefined {
    return this.#states?.overdueState;
  }

  /** No conversation is under way or about to begin. */
  get isQuiet(): boolean {
    return this.#session === undefined || ['idle', 'listening'].includes(this.#session.state);
  }

  /** Closes as `close` does, but for the parts that are asked for and there; the next device goes on with them. */
  async bequeath(wanted: { link: boolean; ear: boolean }): Promise<Heirlooms> {
    // What a server says at the beginning of a connection (its greeting, whether it wants sound) is not said again.
    const { hasGreeting } = protocolOf(this.#options.config);
    const isLinkKept = wanted.link && this.#assistant === undefined && !hasGreeting;
    const link = isLinkKept ? this.#link : undefined;
    const ear = wanted.ear ? this.#ears.bequeath() : undefined;
    if (link) this.#link = undefined;
    link?.start({ up: () => undefined, down: () => undefined, message: () => undefined });
    await this.close();
    return {
      isMuted: this.#isMuted,
      volume: { set: this.#volume, configured: this.#options.config.speaker.volume },
      ...(this.#kept ? { kept: this.#kept } : {}),
      ...(link ? { link } : {}),
      ...(ear ? { ear } : {}),
      position: this.#ring?.end ?? this.#options.heirlooms?.position ?? 0,
    };
  }

  /** Ends a conversation, closes everything, and leaves no process behind. May be called twice, and during `start`. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { log } = this.#options;
    await this.#session?.close();
    this.#states?.close();
    this.#stop.abort();
    this.#network.close();
    this.#battery?.close();
    const closing = [
      this.#link?.close(),
      this.#capture?.close(),
      this.#speaking,
      this.#ears.close(),
      this.#hands?.close(),
    ];
    for (const outcome of await Promise.allSettled(closing)) {
      if (outcome.status === 'rejected') log.error({ why: messageOf(outcome.reason) }, 'did not close cleanly');
    }
    await this.#assistant?.close();
  }

  async #serverUrl(): Promise<string> {
    const { config, clock, log } = this.#options;
    if (config.server.url !== '') return config.server.url;
    this.#assistant = new AssistantServer({
      endOfSpeechMs: config.assistant.end_of_speech_ms,
      silenceLimitMs: config.assistant.silence_limit_ms,
      clock,
      log: log.child({ module: 'assistant' }),
    });
    return (await this.#assistant.start()).url;
  }

  #join(link: Link, ear: AppEar): void {
    const { config, journal, clock, log, parts } = this.#options;
    const limits = limitsOf(config);
    const protocol = protocolOf(config);
    const { displays, wantsBattery } = protocol;
    const battery = wantsBattery
      ? new BatteryWatch({ clock, ...this.#options.battery, onChange: (level) => session.tellBattery(level) })
      : undefined;
    const fill = displays && ((text: string) => displays.fill(text, { at: new Date(), battery: battery?.level }));
    const narrator = makeNarrator(config, fill, clock, log);
    const speaker = parts?.speaker ?? makeSpeaker(config, clock, log);
    const replies = new ReplyBuffer({
      speaker: new TappedSpeaker(speaker, this.#ears.tap),
      listener: {
        started: (info) => session.replyListener.started(info),
        drained: (info) => session.replyListener.drained(info),
        failed: (info) => session.replyListener.failed(info),
        held: (hold) => session.replyListener.held(hold),
      },
      clock,
      log: log.child({ module: 'reply' }),
      prebufferMs: config.speaker.prebuffer_ms,
      leadInMs: config.speaker.lead_in_ms,
      bufferLimitMs: config.speaker.buffer_limit_ms,
      volume: this.#volume,
    });
    const ringMs = config.session.pre_roll_ms + config.session.connect_grace_ms + RING_MARGIN_MS;
    const ring = new SampleRing((ringMs * SPEECH_FORMAT.rateHz) / 1000, this.#options.heirlooms?.position);
    this.#ring = ring;
    const router = new Router({
      ring,
      ear,
      preRollSamples: Math.round(((config.session.pre_roll_ms + END_DOUBT_MS) * SPEECH_FORMAT.rateHz) / 1000),
      settleMs: config.session.settle_ms,
      clock,
      makeDetector: (echoDb) => interruptionDetector(SPEECH_FORMAT.rateHz, echoDb),
      onInterruption: (startedAt) => session.send({ type: 'person.interrupted', startedAt }),
      hearsInTurn: this.#actions.hasStop,
      toServer: (samples) => session.sendAudio(samples),
    });
    const capture = new Capture({
      microphone: parts?.microphone ?? makeMicrophone(config, clock, log),
      router,
      journal,
      clock,
      send: (event) => session.send(event),
      levels: this.#micLevel,
    });
    const session = new Session(
      {
        link,
        protocol,
        narrator,
        router,
        replies,
        cues: new CuePlayer({
          speaker,
          isEnabled: (name) => config.cues.enabled && (name === 'muted' || name === 'unmuted' || config.cues[name]),
          volume: config.cues.volume,
          log: log.child({ module: 'cues' }),
        }),
        speech: new SpeechDetector({ rateHz: SPEECH_FORMAT.rateHz }),
        capture: (isOn) => (isOn ? capture.open() : capture.mute()),
      },
      {
        limits,
        bargeIn: config.session.barge_in,
        journal,
        clock,
        onDisplay: (display) => this.#show({ ...display, text: fill?.(display.text) ?? display.text }),
        log: log.child({ module: 'session' }),
      },
    );
    const watch = new SpeakerWatch({
      backend: () => speaker.backend,
      journal,
      onLost: (why) => {
        session.send({ type: 'speaker.lost', why });
        replies.fail(why);
      },
    });
    this.#speaker = speaker;
    this.#replies = replies;
    this.#session = session;
    this.#narrator = narrator;
    this.#router = router;
    this.#link = link;
    this.#capture = capture;
    this.#battery = battery;
    this.#states = new StateWatch({ limits: limitsOfStates(limits), journal, clock });
    session.start();
    session.send({ type: 'engine.ready' });
    this.#speaking = speaker.run(watch, this.#stop.signal);
    if (this.#isMuted) session.send({ type: 'mute' });
    else capture.open();
    link.start(session.linkListener);
    battery?.start();
    this.#network.start(() => link.hurry());
  }

  #pressed(press: Press): void {
    const { config, journal } = this.#options;
    journal.record('button.pressed', { press });
    if (press === 'short') this.talkOrStop('button');
    else if (press === 'long') this.toggleMute();
    else {
      const { double_press: action } = config.gpio;
      if (action !== 'none' && action !== 'event') this.#actions.pressed(action, this.state);
    }
  }

  #show(display: Display): void {
    const { config, onDisplay } = this.#options;
    if (config.augmentos.display !== 'spoken') onDisplay?.(display);
  }

  async #makeEar(owner: EarOwner, signal: AbortSignal): Promise<AppEar | undefined> {
    const { config, clock, log, parts } = this.#options;
    return parts?.makeEar ? parts.makeEar(owner) : makeEar({ config, owner, clock, log }, signal);
  }

  #noteEar({ engine, phrases }: AppEar): void {
    this.#options.journal.record('hotword.ready', { engine, phrases });
  }
}
