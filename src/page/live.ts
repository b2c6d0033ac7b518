import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Timer } from '../clock.js';
import { messageOf } from '../errors.js';
import type { PhraseScore } from '../hotword/engine.js';
import { shownScore } from '../hotword/shown-score.js';
import type { Log } from '../log.js';
import type { MicLevel } from '../session/capture.js';
import type { PageDevice } from './device.js';
import type { MeterFrame, PageMessage, Picture } from './messages.js';

/** Options of `Live`. */
export interface LiveOptions {
  device: () => PageDevice;
  picture: () => Picture;
  /** Does what a page wants done; resolves with a word for the person. Never rejects. */
  obey: (text: string) => Promise<{ text: string; isError: boolean }>;
  clock: Clock;
  log: Log;
}

const MESSAGE_MAX_BYTES = 4_096;
const WATCHERS_MAX = 16;
const FRAME_MS = 100;
/** Digital silence has no level that JSON could tell. */
const FLOOR_DB = -100;
/** A browser that takes no more is gone, or as good as gone; a picture has some kilobytes. */
const WAITING_MAX_BYTES = 256 * 1024;
/** So often everybody hears that the device is there, whatever else there is to tell. */
const ALIVE_MS = 5_000;
/** Who does not answer a ping for so long is gone without a word. */
const SILENCE_MAX_MS = 20_000;
/** Who has been told to go and does not is cut off. */
const CLOSE_LIMIT_MS = 500;
const TRY_AGAIN_LATER = 1013;
const GOING_AWAY = 1001;

/** Shows the device to browsers as it moves. While nobody watches it looks at nothing. */
export class Live {
  readonly #options: LiveOptions;
  readonly #wss = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
  });
  /** When each of those who watch was heard last. */
  readonly #watchers = new Map<WebSocket, number>();
  #beat: Timer | undefined;
  #followed: PageDevice | undefined;
  #unwatch: (() => void)[] = [];
  #frame: MeterFrame = emptyFrame();
  #frameAtMs = 0;
  #isDue = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Takes a handshake of somebody who has been let in. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#wss.handleUpgrade(request, socket, head, (ws) => this.#welcome(ws));
  }

  /** Something may have changed: everybody gets a new picture, once for all that changes in this moment. */
  refresh(): void {
    if (this.#watchers.size === 0 || this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#follow();
      this.#tell(this.#options.picture());
    });
  }

  /** Lets everybody go. May be called twice. */
  close(): void {
    for (const ws of this.#watchers.keys()) ws.close(GOING_AWAY);
    this.#wss.close();
    this.#watchers.clear();
    this.#follow();
  }

  #welcome(ws: WebSocket): void {
    const { log, obey, picture, clock } = this.#options;
    ws.on('error', (error) => log.debug({ why: messageOf(error) }, 'the connection of a page failed'));
    if (this.#watchers.size >= WATCHERS_MAX) {
      ws.close(TRY_AGAIN_LATER, 'too many pages are open');
      const cutOff = clock.setTimeout(() => ws.terminate(), CLOSE_LIMIT_MS);
      ws.on('close', () => clock.clearTimeout(cutOff));
      return;
    }
    const isHeard = () => this.#watchers.set(ws, clock.nowMs());
    isHeard();
    ws.on('pong', isHeard);
    ws.on('close', () => {
      this.#watchers.delete(ws);
      this.#follow();
    });
    ws.on('message', (data: RawData) => {
      void obey(data.toString()).then((said) => {
        if (said.text !== '') ws.send(JSON.stringify({ type: 'said', ...said }));
        this.refresh();
      });
    });
    this.#follow();
    ws.send(JSON.stringify(picture()));
  }

  /** Watches the meters of the present device while there is somebody to show them to. */
  #follow(): void {
    const { clock, device } = this.#options;
    const wanted = this.#watchers.size > 0 ? device() : undefined;
    if (!wanted && this.#beat !== undefined) {
      clock.clearTimeout(this.#beat);
      this.#beat = undefined;
    } else if (wanted) this.#beat ??= clock.setTimeout(() => this.#ping(), ALIVE_MS);
    if (wanted === this.#followed) return;
    for (const unwatch of this.#unwatch) unwatch();
    this.#followed = wanted;
    this.#unwatch = wanted
      ? [
          wanted.micLevel.watch((level) => this.#take(level)),
          wanted.score.watch((score) => this.#noteScore(score, wanted)),
        ]
      : [];
  }

  #ping(): void {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    this.#beat = clock.setTimeout(() => this.#ping(), ALIVE_MS);
    this.#tell({ type: 'alive' });
    for (const [ws, heardAtMs] of this.#watchers) {
      if (nowMs - heardAtMs > SILENCE_MAX_MS) ws.terminate();
      else ws.ping();
    }
  }

  #noteScore(scored: PhraseScore, device: PageDevice): void {
    const { phrase, isHeard } = scored;
    const shown = shownScore(scored, device);
    const before = this.#frame.scores[phrase];
    this.#frame.scores[phrase] = {
      score: Math.max(shown, before?.score ?? 0),
      isHeard: isHeard || (before?.isHeard ?? false),
    };
  }

  #take({ rmsDb, peakDb }: MicLevel): void {
    const frame = this.#frame;
    frame.rmsDb = Math.max(frame.rmsDb, Math.round(rmsDb));
    frame.peakDb = Math.max(frame.peakDb, Math.round(peakDb));
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#frameAtMs < FRAME_MS) return;
    this.#frameAtMs = nowMs;
    this.#frame = emptyFrame();
    this.#tell(frame);
  }

  #tell(message: PageMessage): void {
    const text = JSON.stringify(message);
    for (const ws of this.#watchers.keys()) {
      if (ws.bufferedAmount > WAITING_MAX_BYTES) ws.terminate();
      else ws.send(text);
    }
  }
}

function emptyFrame(): MeterFrame {
  return { type: 'meter', rmsDb: FLOOR_DB, peakDb: FLOOR_DB, scores: {} };
}
