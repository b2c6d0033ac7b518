type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value !== '';
const anyText: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const oneOf =
  (...words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value);
const within =
  (min: number, max: number): Check =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/**
 * What glasses may say, by the facts about the cloud's own code: every field of every message, and no field more. `photo_response`
 * has the fields of both generations.
 */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  connection_init: {},
  VAD: { status: oneOf(true, false, 'true', 'false') },
  button_press: { buttonId: text, pressType: oneOf('short', 'long') },
  glasses_connection_state: { modelName: text, status: oneOf('CONNECTED', 'DISCONNECTED') },
  glasses_battery_update: { level: within(0, 100), charging: flag, timeRemaining: optional(within(0, 100_000)) },
  start_app: { packageName: text },
  stop_app: { packageName: text },
  photo_response: {
    requestId: text,
    photoUrl: anyText,
    savedToGallery: flag,
    success: optional(flag),
    error: optional((value) => typeof value === 'object' && value !== null),
  },
  rtmp_stream_status: {
    streamId: text,
    appId: text,
    status: oneOf('initializing', 'connecting', 'streaming', 'error', 'stopped', 'stopping'),
    errorDetails: optional(text),
  },
  keep_alive_ack: { streamId: text, ackId: text },
  audio_play_response: {
    requestId: text,
    success: flag,
    error: optional(text),
    duration: optional(within(0, 3_600_000)),
  },
};

/** Clocks of a device and a server differ by less than this when they are one machine's. */
const CLOCK_MS = 5_000;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Where a connection stands, as far as it matters for what may be said on it. */
export interface Standing {
  /** Its messages are heard: the session has been made. */
  isHeard: boolean;
  isAcknowledged: boolean;
  /** connection_init has been said: each one starts the person's apps once more. */
  hasInit: boolean;
  isMicWanted: boolean;
  /** Between VAD true and VAD false. */
  isVoice: boolean;
}

/** What is wrong with a message of the device's; undefined when nothing is. */
export function faultOf(message: Buffer, isBinary: boolean, standing: Standing): string | undefined {
  if (!standing.isHeard) return 'said before the session was made: lost';
  return isBinary ? audioFault(message, standing) : textFault(message.toString(), standing);
}

function audioFault({ length }: Buffer, { isAcknowledged, isMicWanted, isVoice }: Standing): string | undefined {
  if (!isAcknowledged) return 'audio before the acknowledgement';
  if (length === 0 || length % 2 !== 0) return `audio of ${length} bytes: no whole samples`;
  if (!isMicWanted) return 'audio while the microphone is not wanted';
  return isVoice ? undefined : 'audio outside VAD true and VAD false';
}

function textFault(message: string, { isAcknowledged, isVoice, hasInit }: Standing): string | undefined {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(message) as Record<string, unknown>;
  } catch {
    return `no JSON: ${message.slice(0, 80)}`;
  }
  const { type, timestamp, ...rest } = fields;
  if (type === 'connection_init' && hasInit) return 'connection_init twice: all apps start twice';
  const known = typeof type === 'string' && Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
  if (!known) return `a type that glasses do not have: ${JSON.stringify(type)}`;
  if (!isAcknowledged && type !== 'connection_init') return `${type} before the acknowledgement`;
  const atMs = typeof timestamp === 'string' && ISO.test(timestamp) ? Date.parse(timestamp) : Number(timestamp);
  if (!(Math.abs(atMs - Date.now()) < CLOCK_MS)) return `${type} with the timestamp ${JSON.stringify(timestamp)}`;
  for (const [name, check] of Object.entries(known)) {
    if (!check(rest[name])) return `${type} with ${name} = ${JSON.stringify(rest[name])}`;
  }
  const stranger = Object.keys(rest).find((name) => !Object.hasOwn(known, name));
  if (stranger !== undefined) return `${type} with a field ${stranger}`;
  if (type === 'VAD' && (rest.status === true || rest.status === 'true') === isVoice) return 'VAD that changes nothing';
  return undefined;
}
