import type { Clock, Timer } from '../clock.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log.js';
import type { DeviceEvent, Display, PlayRequest } from '../protocol/protocol.js';
import type { Sound, Voice } from '../speech/voice.js';

/** Options of `Narrator`. */
export interface NarratorOptions {
  voice: Pick<Voice, 'say'>;
  /** False: displays are for the eye only; the dashboard is read all the same. */
  speaksDisplays: boolean;
  /** Fetches and decodes what a server wants played. */
  fetchSound: (request: PlayRequest, signal: AbortSignal) => Promise<Sound>;
  /** A display's text as it is to be read now. */
  fill: (text: string) => string;
  clock: Clock;
  log: Log;
  /** After so long without a word of the person's nothing is said any more: an app may change its display for ever. */
  unaskedLimitMs: number;
  /** A longer sound is not played: nothing may play for longer than the conversation waits for it. */
  soundLimitMs: number;
}

/** What a narrator does to the conversation. */
export interface NarratorPort {
  /**
   * Plays a sound: in the person's turn as a reply, while the device listens as an announcement. False in any other state,
   * which the narrator has not heard of yet.
   */
  play(sound: Sound): boolean;
  /** Silences what `play` began: the person's turn follows, or listening. */
  stop(): void;
  tell(event: Extract<DeviceEvent, { type: 'play.finished' }>): void;
}

type Item = { text: string } | { request: PlayRequest };

/** A text stands when it has not changed for this long: captions grow with every word. */
const STANDS_AFTER_MS = 700;
/** A person who speaks is interrupted by neither display nor sound, but one who never stops is not waited for. */
const PATIENCE_MS = 5_000;
const QUEUE_LIMIT = 8;
const NOTHING_KNOWN = 'There is nothing on the dashboard.';

/**
 * Makes replies of what a server shows and of the sounds that it wants played: one after the other, in the person's turn of a
 * conversation, of displays only the newest one that stands, and each only once until the person has spoken. Outside a
 * conversation displays are silent, and sounds are announcements: they are played while the device listens, and then it
 * listens on.
 */
export class Narrator {
  readonly #options: NarratorOptions;
  #port: NarratorPort | undefined;
  #state = 'idle';
  #personAtMs = Number.NEGATIVE_INFINITY;
  #shown: { text: string; timer: Timer; sinceMs: number } | undefined;
  #spoken = '';
  #dashboard = '';
  #waiting: Item[] = [];
  #making: { item: Item; abort: AbortController } | undefined;
  #made: { item: Item; sound: Sound; heldSinceMs?: number } | undefined;
  #hold: Timer | undefined;
  #playing: { item: Item; sound: Sound } | undefined;

  constructor(options: NarratorOptions) {
    this.#options = options;
  }

  /** True from `play` until the reply is over. */
  get isPlaying(): boolean {
    return this.#playing !== undefined;
  }

  /** Joins it to the conversation. */
  attach(port: NarratorPort): void {
    this.#port = port;
  }

  /** The server shows something. */
  show({ view, kind, text }: Display): void {
    if (view === 'dashboard') {
      if (kind !== 'notice') this.#dashboard = text;
      return;
    }
    // What was shown before it was cleared has been shown: it is read, and the same may come again.
    if (kind === 'clear') this.#spoken = '';
    if (!this.#options.speaksDisplays || kind !== 'text' || !isInSession(this.#state)) return;
    if (text === this.#shown?.text || text === this.#spoken) return;
    this.#forgetShown();
    this.#watch(text, this.#options.clock.nowMs(), STANDS_AFTER_MS);
  }

  /** Reads the dashboard in the present conversation, or the one that is about to begin. */
  readDashboard(): void {
    this.#add({ text: this.#dashboard === '' ? NOTHING_KNOWN : this.#dashboard });
  }

  /** The server wants a sound played. */
  request(request: PlayRequest): void {
    if (this.#state === 'idle') {
      this.#finish({ request }, 0, 'the device is muted, or not ready');
      return;
    }
    if (request.stopsOthers) this.#stop(() => true, 'stopped by another sound');
    this.#add({ request });
  }

  /** What an app wanted played is to be silent. */
  stopOf(owner: string): void {
    this.#stop((item) => 'request' in item && item.request.owner === owner, 'stopped by the app');
  }

  /** The machine is in another state. */
  entered(state: string): void {
    const before = this.#state;
    this.#state = state;
    if (isInSession(state) && !isInSession(before)) this.#personAtMs = this.#options.clock.nowMs();
    const isRest = state === 'idle' || state === 'listening';
    // What is asked for goes on behind an announcement; a text is said in a conversation or not at all.
    if (isRest && before === 'announcement') this.#stop((item) => 'text' in item, 'no conversation');
    else if (isRest) this.#forget();
    this.#play();
  }

  /** The person speaks. */
  personSpoke(): void {
    this.#personAtMs = this.#options.clock.nowMs();
    this.#spoken = '';
  }

  /** The reply is over: played to its end, or with the reason why not. */
  over(playedMs: number, error?: string): void {
    const playing = this.#playing;
    this.#playing = undefined;
    if (playing) this.#finish(playing.item, playedMs, error);
    this.#make();
  }

  /** The person or the end of the conversation cut the reply short: what waits behind it is not said either. */
  cut(): void {
    const playing = this.#playing;
    this.#playing = undefined;
    if (playing) this.#finish(playing.item, 0, 'interrupted');
    this.#stop(() => true, 'interrupted');
  }

  /** Says nothing any more. May be called twice. */
  close(): void {
    this.#forget();
    this.#port = undefined;
  }

  #watch(text: string, sinceMs: number, delayMs: number): void {
    const timer = this.#options.clock.setTimeout(() => this.#stands(), delayMs);
    this.#shown = { text, timer, sinceMs };
  }

  #stands(): void {
    const shown = this.#shown;
    if (!shown) return;
    const { clock, unaskedLimitMs } = this.#options;
    const nowMs = clock.nowMs();
    const quietMs = nowMs - this.#personAtMs;
    if (quietMs < STANDS_AFTER_MS && nowMs - shown.sinceMs < PATIENCE_MS) {
      this.#watch(shown.text, shown.sinceMs, STANDS_AFTER_MS - quietMs);
      return;
    }
    this.#shown = undefined;
    if (quietMs > unaskedLimitMs) return;
    this.#spoken = shown.text;
    // Only the newest display is worth hearing.
    this.#waiting = this.#waiting.filter((item) => 'request' in item);
    this.#add({ text: shown.text });
  }

  #add(item: Item): void {
    if (this.#waiting.length >= QUEUE_LIMIT) this.#finish(item, 0, 'too many sounds are waiting');
    else this.#waiting.push(item);
    this.#make();
  }

  #make(): void {
    if (this.#making || this.#made || this.#playing) return;
    const item = this.#waiting.shift();
    if (!item) return;
    const abort = new AbortController();
    this.#making = { item, abort };
    const { voice, fetchSound, fill } = this.#options;
    const made = 'text' in item ? voice.say(fill(item.text), abort.signal) : fetchSound(item.request, abort.signal);
    made.then(
      (sound) => this.#take(item, abort, sound),
      (error: unknown) => this.#fail(item, abort, messageOf(error)),
    );
  }

  #take(item: Item, abort: AbortController, sound: Sound): void {
    if (abort.signal.aborted) return;
    // A program that makes no sound has nothing to say.
    if (sound.samples.length === 0) {
      this.#fail(item, abort, 'there is no sound in it');
      return;
    }
    const { soundLimitMs } = this.#options;
    if (sound.samples.length > (soundLimitMs / 1000) * sound.rateHz) {
      const why = `it is longer than the ${soundLimitMs / 1000} s of speaker.buffer_limit_ms; a larger value lets it play`;
      this.#fail(item, abort, why);
      return;
    }
    this.#making = undefined;
    this.#made = { item, sound };
    this.#play();
  }

  #fail(item: Item, abort: AbortController, why: string): void {
    if (abort.signal.aborted) return;
    this.#making = undefined;
    this.#options.log.error({ why }, 'text' in item ? 'a display cannot be spoken' : 'a sound cannot be played');
    this.#finish(item, 0, why);
    this.#make();
  }

  #play(): void {
    const made = this.#made;
    if (!made || !this.#port) return;
    const isAnnounced = this.#state === 'listening' && 'request' in made.item;
    if (this.#state !== 'activeSession.userTurn' && !isAnnounced) return;
    if (!isAnnounced && 'request' in made.item && this.#mustWait(made)) return;
    this.#made = undefined;
    this.#playing = made;
    if (this.#port.play(made.sound)) return;
    this.#playing = undefined;
    this.#made = made;
  }

  /** In the middle of a sentence of the person's; then it is tried again later. A display has been held before it was spoken. */
  #mustWait(made: { heldSinceMs?: number }): boolean {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    made.heldSinceMs ??= nowMs;
    const quietMs = nowMs - this.#personAtMs;
    this.#letGo();
    if (quietMs >= STANDS_AFTER_MS || nowMs - made.heldSinceMs >= PATIENCE_MS) return false;
    this.#hold = clock.setTimeout(() => this.#play(), STANDS_AFTER_MS - quietMs);
    return true;
  }

  #letGo(): void {
    if (this.#hold !== undefined) this.#options.clock.clearTimeout(this.#hold);
    this.#hold = undefined;
  }

  #finish(item: Item, durationMs: number, error?: string): void {
    if (!('request' in item)) return;
    this.#port?.tell({
      type: 'play.finished',
      id: item.request.id,
      durationMs: Math.round(durationMs),
      ...(error === undefined ? {} : { error }),
    });
  }

  #stop(isMeant: (item: Item) => boolean, why: string): void {
    const dropped = this.#waiting.filter(isMeant);
    this.#waiting = this.#waiting.filter((item) => !isMeant(item));
    if (this.#making && isMeant(this.#making.item)) {
      dropped.unshift(this.#making.item);
      this.#making.abort.abort();
      this.#making = undefined;
    }
    if (this.#made && isMeant(this.#made.item)) {
      dropped.unshift(this.#made.item);
      this.#made = undefined;
      this.#letGo();
    }
    for (const item of dropped) this.#finish(item, 0, why);
    if (this.#playing && isMeant(this.#playing.item)) {
      this.over(0, why);
      this.#port?.stop();
    } else {
      this.#make();
    }
  }

  #forgetShown(): void {
    if (this.#shown) this.#options.clock.clearTimeout(this.#shown.timer);
    this.#shown = undefined;
  }

  /** The conversation is over: nothing of it is said in the next one. */
  #forget(): void {
    this.#forgetShown();
    this.#spoken = '';
    this.cut();
  }
}

function isInSession(state: string): boolean {
  return state.startsWith('activeSession.');
}
