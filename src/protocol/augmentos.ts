import { SPEECH_FORMAT } from '../pcm/format.js';
import { displayOf } from './augmentos/layouts.js';
import { type Fields, fieldsOf, parseMessage, textOf } from './augmentos/message.js';
import { fillPlaceholders } from './augmentos/placeholders.js';
import type { Codec, DeviceEvent, Protocol, ServerEvent, WireMessage } from './protocol.js';

const PATH = '/glasses-ws';
/** A bitmap of 1 MB is a third longer in base64. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/**
 * The cloud of AugmentOS (MentraOS) glasses: JSON text frames both ways, 16 kHz 16-bit mono PCM from the device as binary
 * frames. What the cloud shows comes as displays, and newer ones ask for sound to be played from an address.
 *
 * Two generations are served: the newer greets (`connection_ack`) by itself, the older after `connection_init`. So
 * that is sent after the server's first message, or when none comes, and every greeting after the first means nothing.
 */
export const augmentos: Protocol = {
  name: 'augmentos',
  hasGreeting: true,
  wantsBattery: true,
  micFormat: SPEECH_FORMAT,
  dial: (server) => {
    const url = new URL(server);
    if (url.pathname === '/') url.pathname = PATH;
    return { url, headers: {}, subprotocols: [], maxMessageBytes: MAX_MESSAGE_BYTES };
  },
  connect: (now) => new AugmentosCodec(now),
  displays: { fill: fillPlaceholders },
};

/** What the device is called towards the cloud, and its only button. */
const MODEL_NAME = 'tars-client';
const BUTTON_ID = 'main';
/**
 * What the person says while the server has not yet opened the microphone for it. 7 s, because a conversation begins with what
 * was said while the link was looked for; what is sent at once must stay below what the link takes for a stalled server.
 */
const HELD_BYTES = 7 * SPEECH_FORMAT.rateHz * 2;
/** Failures of the server's own, which pass; every other code is about this device. */
const PASSING_CODES: ReadonlySet<string> = new Set(['SESSION_ERROR', 'INTERNAL_ERROR']);
const NO_CAMERA = 'this device has no camera';

class AugmentosCodec implements Codec {
  readonly #now: () => Date;
  #isReady = false;
  #hasGreeted = false;
  #isInSession = false;
  #isVoiceTold = false;
  #isMicWanted = false;
  #running: readonly string[] = [];
  /** The beginning of a conversation whose microphone the server has not opened; undefined once it has. */
  #held: Uint8Array[] | undefined;

  constructor(now: () => Date) {
    this.#now = now;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  greet(): WireMessage[] {
    this.#hasGreeted = true;
    return [this.#message('connection_init')];
  }

  decode(message: WireMessage): ServerEvent[] {
    // The server hears from here on; what is sent sooner may be lost.
    const greeting = this.#hasGreeted ? [] : answer(...this.greet());
    return [...greeting, ...this.#decode(message)];
  }

  encode(event: DeviceEvent): WireMessage[] {
    if (!this.#isReady) return [];
    switch (event.type) {
      case 'session.started':
        this.#isInSession = true;
        this.#held = this.#isMicWanted ? undefined : [];
        return this.#tellVoice(true);
      case 'mic.audio':
        return this.#encodeAudio(event.pcm);
      case 'reply.begun':
        this.#held = undefined;
        return this.#tellVoice(false);
      case 'session.ended':
        this.#isInSession = false;
        this.#held = undefined;
        return this.#tellVoice(false);
      case 'button':
        return [this.#message('button_press', { buttonId: BUTTON_ID, pressType: event.press })];
      case 'battery':
        return [this.#message('glasses_battery_update', { level: event.percent, charging: event.isCharging })];
      case 'app':
        return [this.#message(event.do === 'start' ? 'start_app' : 'stop_app', { packageName: event.id })];
      case 'play.finished':
        return [this.#encodePlayed(event)];
      case 'playback.complete':
      case 'interrupted':
        return [];
    }
  }

  #decode(message: WireMessage): ServerEvent[] {
    if (typeof message !== 'string') return [ignored('binary message', `${message.length} bytes`)];
    const fields = parseMessage(message);
    if (!fields) return [ignored('text that is no message', `${message.length} characters`)];
    switch (fields.type) {
      case 'connection_ack':
        return [...this.#acknowledged(), ...this.#appsOf(fields)];
      case 'connection_error':
        return [this.#failure(fields)];
      case 'auth_error':
        return [{ type: 'rejected', reason: textOf(fields.message) || 'auth_error', isLasting: true }];
      case 'microphone_state_change':
        return this.#turnMicrophone(fields.isMicrophoneEnabled !== false);
      case 'display_event':
        return [displayOf(fields)];
      case 'app_state_change':
        return [...this.#appsOf(fields), ...errorOf(fields.error)];
      case 'app_started':
      case 'app_stopped':
        return this.#appChanged(fields);
      case 'augmentos_settings_update_error':
        return errorOf(fields.message);
      case 'audio_play_request':
        return [playRequestOf(fields)];
      case 'audio_stop_request':
        return [{ type: 'play.stopped', owner: textOf(fields.appId) }];
      case 'start_rtmp_stream':
        return answer(this.#streamStatus(fields, 'error'));
      case 'stop_rtmp_stream':
        return answer(this.#streamStatus(fields, 'stopped'));
      case 'keep_rtmp_stream_alive':
        return answer(this.#message('keep_alive_ack', { streamId: fields.streamId, ackId: fields.ackId }));
      case 'photo_request':
        return [this.#declinePhoto(fields)];
      case 'settings_update':
        // Brightness, the angle of a head: nothing of it is this device's.
        return [];
      default:
        return [ignored('unknown message type', fields.type.slice(0, 60))];
    }
  }

  #acknowledged(): ServerEvent[] {
    if (this.#isReady) return [];
    this.#isReady = true;
    const state = this.#message('glasses_connection_state', { modelName: MODEL_NAME, status: 'CONNECTED' });
    return [...answer(state), { type: 'ready' }];
  }

  /** The newer generation tells the whole list. */
  #appsOf(fields: Fields): ServerEvent[] {
    const session = fieldsOf(fields.userSession);
    const running = session?.activeAppSessions ?? session?.activeAppPackageNames;
    if (!Array.isArray(running)) return [];
    // One that was started twice stands there twice.
    this.#running = [...new Set(running.filter((app): app is string => typeof app === 'string'))];
    return [{ type: 'apps', running: this.#running }];
  }

  /** The older generation tells of one at a time. */
  #appChanged({ type, packageName }: Fields): ServerEvent[] {
    const app = textOf(packageName);
    if (app === '') return [ignored('app without a packageName', '')];
    const others = this.#running.filter((name) => name !== app);
    this.#running = type === 'app_started' ? [...others, app] : others;
    return [{ type: 'apps', running: this.#running }];
  }

  #declinePhoto({ requestId }: Fields): ServerEvent {
    if (typeof requestId !== 'string') return ignored('photo_request without a requestId', '');
    // Older apps look at the address alone, newer ones at the failure; without an answer both wait for 30 s.
    const refusal = { success: false, error: { code: 'CAMERA_INIT_FAILED', message: NO_CAMERA } };
    return answerOf(this.#message('photo_response', { requestId, photoUrl: '', savedToGallery: false, ...refusal }));
  }

  #failure(fields: Fields): ServerEvent {
    const code = textOf(fields.code);
    const reason = [code, textOf(fields.message)].filter((part) => part !== '').join(': ') || 'connection_error';
    // Once greeted, a failure is about one message and the connection goes on.
    if (this.#isReady) return { type: 'error', message: reason };
    // The older generation refuses a token without a code, and a message that it stumbled over too.
    const isLasting = code === '' ? /token|auth/i.test(reason) : !PASSING_CODES.has(code);
    return { type: 'rejected', reason, isLasting };
  }

  #turnMicrophone(isWanted: boolean): ServerEvent[] {
    this.#isMicWanted = isWanted;
    const held = this.#held;
    if (!isWanted || !held) return [];
    this.#held = undefined;
    return held.length > 0 ? answer(...held) : [];
  }

  #encodeAudio(pcm: Uint8Array): WireMessage[] {
    if (!this.#isInSession) return [];
    const voice = this.#tellVoice(true);
    if (this.#isMicWanted) return [...voice, pcm];
    if (this.#held) {
      // A copy: the caller's bytes are a view of what is recorded next.
      this.#held.push(Uint8Array.from(pcm));
      for (let bytes = sizeOf(this.#held); bytes > HELD_BYTES; ) bytes -= this.#held.shift()?.length ?? bytes;
    }
    return voice;
  }

  #tellVoice(status: boolean): WireMessage[] {
    if (status === this.#isVoiceTold) return [];
    this.#isVoiceTold = status;
    // In capitals; the cloud does not know "vad".
    return [this.#message('VAD', { status })];
  }

  #encodePlayed({ id, durationMs, error }: Extract<DeviceEvent, { type: 'play.finished' }>): string {
    const outcome = error === undefined ? { success: true } : { success: false, error };
    return this.#message('audio_play_response', { requestId: id, ...outcome, duration: durationMs });
  }

  #streamStatus(fields: Fields, status: 'error' | 'stopped'): string {
    const why = status === 'error' ? { errorDetails: NO_CAMERA } : {};
    return this.#message('rtmp_stream_status', { streamId: fields.streamId, appId: fields.appId, status, ...why });
  }

  #message(type: string, fields: Fields = {}): string {
    return JSON.stringify({ type, ...fields, timestamp: this.#now().toISOString() });
  }
}

function playRequestOf(fields: Fields): ServerEvent {
  const { requestId, volume } = fields;
  if (typeof requestId !== 'string') return ignored('audio_play_request without a requestId', '');
  return {
    type: 'play.requested',
    id: requestId,
    owner: textOf(fields.appId) || textOf(fields.packageName),
    url: textOf(fields.audioUrl),
    volume: typeof volume === 'number' && volume >= 0 && volume <= 1 ? volume : 1,
    stopsOthers: fields.stopOtherAudio !== false,
  };
}

function errorOf(error: unknown): ServerEvent[] {
  const message = textOf(error) || textOf(fieldsOf(error)?.message);
  return message === '' ? [] : [{ type: 'error', message }];
}

function sizeOf(blocks: readonly Uint8Array[]): number {
  return blocks.reduce((sum, block) => sum + block.length, 0);
}

function answer(...messages: WireMessage[]): ServerEvent[] {
  return [answerOf(...messages)];
}

function answerOf(...messages: WireMessage[]): ServerEvent {
  return { type: 'answer', messages };
}

function ignored(kind: string, detail: string): ServerEvent {
  return { type: 'ignored', kind, detail };
}
