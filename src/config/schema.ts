import { z } from 'zod';
import { PROTOCOLS } from '../protocol/registry.js';
import {
  ADDRESS,
  addressFault,
  bitsFault,
  type Fault,
  HOOKS,
  hooksFault,
  LISTEN_ADDRESS,
  listenFault,
  phrasesFault,
  pronunciationsFault,
  SAMPLE_BITS,
} from './checks.js';

const words = <const T extends readonly [string, ...string[]]>(...names: T) =>
  z.enum(names).describe(`one of ${names.map((name) => `"${name}"`).join(', ')}`);
/** The rows of a registry. */
const namesOf = (registry: object) => Object.keys(registry) as [string, ...string[]];
const text = (allowed: string) => z.string().describe(allowed);
const flag = () => z.boolean().describe('true or false');
const milliseconds = (min: number, max: number) =>
  z.int().min(min).max(max).describe(`a whole number of milliseconds from ${min} to ${max}`);
const count = (min: number, max: number, unit: string) =>
  z.int().min(min).max(max).describe(`a whole number${unit} from ${min} to ${max}`);
const amount = (min: number, max: number, unit = '') =>
  z.number().min(min).max(max).describe(`a number${unit} from ${min} to ${max}`);
/** A leaf with a check of its own, which says what is allowed. */
const checked = <T extends z.ZodType>(leaf: T, fault: (value: z.infer<T>) => Fault) =>
  leaf.superRefine((value, context) => {
    const message = fault(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
  });
const threshold = (example: string) =>
  z.number().gt(0).max(1).describe(`a number above 0 and up to 1, such as ${example}`);
const thresholds = (example: string) =>
  z
    .record(z.string(), z.number().gt(0).max(1))
    .describe(`a table of phrase = number above 0 and up to 1, such as { "hey tars" = ${example} }`);
const file = () => text('the path of a file, or "" for none');
const line = () => text('a GPIO line by its number, such as "17", or its name, such as "GPIO17", or "" for none');
const device = () => text('the name of a device as `tars-client devices` lists it, or "" for the default one');

/**
 * Every key of the configuration, spelled as in the file, with the values it may have. It has no defaults: those are
 * in config/default.toml, which names every key. A leaf's description completes the sentence "allowed: …".
 */
export const schema = z.strictObject({
  server: z.strictObject({
    url: checked(z.string(), addressFault).describe(ADDRESS),
    protocol: words(...namesOf(PROTOCOLS)),
    token_file: file(),
    ca_file: file(),
    allow_plaintext: flag(),
  }),
  link: z.strictObject({
    retry_first_ms: milliseconds(0, 60_000),
    retry_base_ms: milliseconds(1, 600_000),
    retry_max_ms: milliseconds(1, 3_600_000),
    stable_ms: milliseconds(0, 3_600_000),
    ping_idle_ms: milliseconds(10, 600_000),
    ping_session_ms: milliseconds(10, 600_000),
    pong_timeout_ms: milliseconds(10, 600_000),
  }),
  mic: z.strictObject({
    backend: words('auto', 'naudiodon', 'arecord', 'parecord', 'pw-cat', 'file', 'stdin'),
    device: device(),
    rate_hz: count(8_000, 96_000, ' of hertz'),
    bits: checked(z.int(), bitsFault).describe(SAMPLE_BITS),
    channels: count(0, 8, ''),
    channel: count(1, 8, ''),
    gain_db: amount(-40, 40, ' of decibels'),
  }),
  speaker: z.strictObject({
    backend: words('auto', 'speaker', 'aplay', 'pacat', 'pw-cat', 'file'),
    device: device(),
    volume: amount(0, 1),
    prebuffer_ms: milliseconds(0, 5_000),
    lead_in_ms: milliseconds(0, 5_000),
    buffer_limit_ms: milliseconds(10_000, 3_600_000),
    keep_alive: flag(),
  }),
  hotword: z.strictObject({
    engine: words('auto', 'porcupine', 'openwakeword', 'pocketsphinx', 'none'),
    phrases: checked(z.array(z.string()), phrasesFault).describe('a list of phrases, such as ["hey tars"]'),
    sensitivity: amount(0, 1),
    refractory_ms: milliseconds(0, 60_000),
    keep_last: flag(),
    actions: z
      .record(
        z.string(),
        z.union([
          z.enum(['session', 'stop', 'read_dashboard']),
          z.strictObject({ event: z.string().min(1) }),
          z.strictObject({ start_app: z.string().min(1) }),
          z.strictObject({ stop_app: z.string().min(1) }),
        ]),
      )
      .describe(
        'a table of phrase = "session", "stop", "read_dashboard", { event = "name" }, { start_app = "name" } or { stop_app = "name" }, such as { stop = "stop" }',
      ),
    porcupine: z.strictObject({
      access_key_file: file(),
      keywords: z
        .record(z.string(), z.string().min(1))
        .describe('a table of phrase = ".ppn file or built-in name", such as { "hey tars" = "hey-tars.ppn" }'),
    }),
    openwakeword: z.strictObject({
      front_end_dir: text('the path of a folder, or "" for the one that `tars-client models` shows'),
      threshold: threshold('0.5'),
      reply_threshold: amount(0, 1),
      thresholds: thresholds('0.7'),
      models: z
        .record(z.string(), z.string().min(1))
        .describe('a table of phrase = ".onnx file", such as { "hey tars" = "hey-tars.onnx" }'),
    }),
    pocketsphinx: z.strictObject({
      threshold: threshold('1e-25'),
      reply_threshold: z.number().min(0).max(1).describe('a number from 0 to 1, such as 1e-20'),
      speech_threshold: z.number().min(0).max(1).describe('a number from 0 to 1, such as 1e-12'),
      thresholds: thresholds('1e-28'),
      pronunciations: checked(z.record(z.string(), z.array(z.string().min(1)).min(1)), pronunciationsFault).describe(
        'a table of word = ["pronunciation", …], such as { tars = ["T AA R Z"] }',
      ),
    }),
  }),
  session: z.strictObject({
    pre_roll_ms: milliseconds(0, 10_000),
    connect_grace_ms: milliseconds(0, 60_000),
    turn_limit_ms: milliseconds(100, 3_600_000),
    idle_limit_ms: milliseconds(100, 3_600_000),
    reply_stall_ms: milliseconds(100, 600_000),
    reply_limit_ms: milliseconds(100, 3_600_000),
    settle_ms: milliseconds(0, 10_000),
    barge_in: words('off', 'hotword', 'speech'),
  }),
  augmentos: z.strictObject({
    display: words('spoken', 'shown', 'both'),
  }),
  speech: z.strictObject({
    engine: words('auto', 'flite', 'espeak-ng', 'command'),
    voice: text('the name of a voice of the engine, or "" for its own choice'),
    command: text('a command line that reads a text and writes a WAV, or "" for none'),
  }),
  cues: z.strictObject({
    enabled: flag(),
    volume: amount(0, 1),
    heard: flag(),
    offline: flag(),
    over: flag(),
    error: flag(),
  }),
  gpio: z.strictObject({
    chip: text('the name of a chip, such as "gpiochip0", or its path, or "" for the one of the header'),
    button: line(),
    button_active_low: flag(),
    debounce_ms: milliseconds(0, 1_000),
    long_press_ms: milliseconds(200, 10_000),
    double_press: z
      .union([
        z.enum(['none', 'event', 'read_dashboard']),
        z.strictObject({ start_app: z.string().min(1) }),
        z.strictObject({ stop_app: z.string().min(1) }),
      ])
      .describe('"none", "event", "read_dashboard", { start_app = "name" } or { stop_app = "name" }'),
    led: line(),
    led_active_low: flag(),
  }),
  hooks: z.strictObject({
    on: checked(z.record(z.string(), z.array(z.string()).min(1)), hooksFault).describe(HOOKS),
    timeout_ms: milliseconds(100, 600_000),
    at_once: count(1, 32, ''),
  }),
  log: z.strictObject({
    level: words('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    format: words('auto', 'pretty', 'json'),
  }),
  page: z.strictObject({
    enabled: flag(),
    listen: checked(z.string(), listenFault).describe(LISTEN_ADDRESS),
    token_file: file(),
    names: z.array(z.string().min(1)).describe('a list of names, such as ["tars.example.org"]'),
  }),
  assistant: z.strictObject({
    demonstrate: flag(),
    end_of_speech_ms: milliseconds(100, 10_000),
    silence_limit_ms: milliseconds(100, 600_000),
  }),
});

/** The effective configuration: every key, checked, paths absolute. Keys are spelled as in the file. */
export type Config = z.infer<typeof schema>;
