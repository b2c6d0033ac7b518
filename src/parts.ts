import type { Clock } from './clock.js';
import { readCertificates } from './config/certificates.js';
import { readSecret } from './config/secret.js';
import type { Config } from './config.js';
import { ConfigError } from './errors.js';
import { Hands, type HandsOptions, type HandsSettings } from './hands/hands.js';
import { loadLibgpiod } from './hands/libgpiod.js';
import type { HookSettings } from './hooks/hooks.js';
import { type AppEar, DEAF_EAR } from './hotword/deaf-ear.js';
import type { EarOwner } from './hotword/ear-keeper.js';
import { EngineSource } from './hotword/engine-source.js';
import { modelsFolder, modelsFor } from './hotword/models-folder.js';
import type { HotwordSettings } from './hotword/registry.js';
import { startThreadEar } from './hotword/thread-ear.js';
import type { Link } from './link/link.js';
import type { OpenSocket } from './link/socket.js';
import { WsLink } from './link/ws-link.js';
import type { Log } from './log.js';
import type { Microphone } from './mic/microphone.js';
import { MICROPHONES } from './mic/registry.js';
import { bytesOf, isSampleBits, SPEECH_FORMAT, samplesOf } from './pcm/format.js';
import { applyVolume } from './pcm/volume.js';
import type { Protocol } from './protocol/protocol.js';
import { PROTOCOLS } from './protocol/registry.js';
import type { SessionLimits } from './session/events.js';
import { Narrator } from './session/narrator.js';
import { KeepAliveSpeaker } from './speaker/keep-alive-speaker.js';
import { SPEAKERS } from './speaker/registry.js';
import type { Speaker } from './speaker/speaker.js';
import { fetchSound } from './speech/fetch-sound.js';
import { makeVoice } from './speech/registry.js';

// Builds each part of the device from its section of the configuration. Only `app.ts` joins them.

/** What playing out may take beyond the sound that the buffer is meant to hold: a message of 1 MiB, and slow devices. */
const DRAIN_MARGIN_MS = 45_000;
/** 2 s of microphone audio waiting to be sent is a stalled link (field policy). */
const STALLED_BYTES = 2 * SPEECH_FORMAT.rateHz * 2;

/** What `makeLink` needs to know. */
interface LinkNeeds {
  config: Config;
  serverUrl: string;
  clock: Clock;
  random: () => number;
  log: Log;
  parts?: { openSocket?: OpenSocket };
}

/** The connection to the server. Throws ConfigError for a token or a certificate that cannot be read. */
export function makeLink({ config, serverUrl, clock, random, log, parts }: LinkNeeds): Link {
  return new WsLink({
    ...serverAccess(config, serverUrl),
    policy: {
      retryFirstMs: config.link.retry_first_ms,
      retryBaseMs: config.link.retry_base_ms,
      retryMaxMs: config.link.retry_max_ms,
      stableMs: config.link.stable_ms,
      pingIdleMs: config.link.ping_idle_ms,
      pingSessionMs: config.link.ping_session_ms,
      pongTimeoutMs: config.link.pong_timeout_ms,
      maxBufferedBytes: STALLED_BYTES,
    },
    clock,
    random,
    log: log.child({ module: 'link' }),
    ...(parts?.openSocket ? { openSocket: parts.openSocket } : {}),
  });
}

/** What speaks the server's displays, filled in by `fill`, and plays its sounds; undefined where there is no `fill`. */
export function makeNarrator(
  config: Config,
  fill: ((text: string) => string) | undefined,
  clock: Clock,
  log: Log,
): Narrator | undefined {
  if (!fill) return undefined;
  return new Narrator({
    voice: makeVoice(config.speech),
    speaksDisplays: config.augmentos.display !== 'shown',
    fetchSound: async ({ url, volume }, signal) => {
      const { rateHz, samples } = await fetchSound(url, signal);
      const format = { ...SPEECH_FORMAT, rateHz };
      return { rateHz, samples: samplesOf(applyVolume(bytesOf(samples), format, volume)) };
    },
    fill,
    clock,
    log: log.child({ module: 'narrator' }),
    unaskedLimitMs: config.session.reply_limit_ms,
    soundLimitMs: config.speaker.buffer_limit_ms,
  });
}

/** The microphone of the configuration. Throws ConfigError when it names no backend that there is. */
export function makeMicrophone(config: Config, clock: Clock, log: Log): Microphone {
  const { backend, device, rate_hz, bits, channels, channel, gain_db } = config.mic;
  const make = MICROPHONES[backend];
  if (!make) throw new ConfigError(`mic.backend = "${backend}" is none of ${Object.keys(MICROPHONES).join(', ')}`);
  return make({
    settings: {
      device,
      rateHz: rate_hz,
      bits: isSampleBits(bits) ? bits : 16,
      channels: channels || channel,
      channel,
      gainDb: gain_db,
    },
    rateHz: SPEECH_FORMAT.rateHz,
    clock,
    log: log.child({ module: 'mic' }),
  });
}

/** The loudspeaker of the configuration. Throws ConfigError when it names no backend that there is. */
export function makeSpeaker(config: Config, clock: Clock, log: Log): Speaker {
  const { backend, device, keep_alive } = config.speaker;
  const make = SPEAKERS[backend];
  if (!make) throw new ConfigError(`speaker.backend = "${backend}" is none of ${Object.keys(SPEAKERS).join(', ')}`);
  const speaker = make({ device, clock, log: log.child({ module: 'speaker' }) });
  return keep_alive ? new KeepAliveSpeaker({ speaker, clock }) : speaker;
}

/**
 * How the server is dialled, and by what it is trusted and trusts. Throws ConfigError for a token or a certificate that
 * cannot be read.
 */
export function serverAccess(config: Config, serverUrl: string) {
  const protocol = protocolOf(config);
  const url = new URL(serverUrl);
  return {
    target: () => protocol.dial(url),
    ...serverFiles(config),
    allowPlaintext: config.server.allow_plaintext,
  };
}

/** What is in the files that `[server]` names. Throws ConfigError for one that cannot be read. */
export function serverFiles({ server }: Config) {
  return {
    token: readSecret('server.token_file', server.token_file),
    ca: readCertificates('server.ca_file', server.ca_file),
  };
}

/** The durations of the statechart. */
export function limitsOf({ session, speaker }: Config): SessionLimits {
  return {
    connectGraceMs: session.connect_grace_ms,
    turnLimitMs: session.turn_limit_ms,
    idleLimitMs: session.idle_limit_ms,
    replyStallMs: session.reply_stall_ms,
    replyLimitMs: session.reply_limit_ms,
    drainLimitMs: speaker.buffer_limit_ms + DRAIN_MARGIN_MS,
    settleMs: session.settle_ms,
  };
}

/** The protocol of `server.protocol`. Throws ConfigError for one that there is not. */
export function protocolOf(config: Config): Protocol {
  const protocol = PROTOCOLS[config.server.protocol];
  if (protocol && protocol.micFormat.rateHz === SPEECH_FORMAT.rateHz) return protocol;
  if (protocol) throw new ConfigError(`server.protocol = "${protocol.name}" wants ${protocol.micFormat.rateHz} Hz`);
  throw new ConfigError(
    `server.protocol = "${config.server.protocol}" is none of ${Object.keys(PROTOCOLS).join(', ')}`,
  );
}

/** Button and LED of the configuration; undefined where there are none. */
export function makeHands(config: Config, needs: Omit<HandsOptions, 'settings' | 'loadLibrary'>): Hands | undefined {
  const settings = handsSettings(config);
  if (settings.button === '' && settings.led === '') return undefined;
  return new Hands({ settings, loadLibrary: loadLibgpiod, ...needs });
}

/** Hooks as the configuration has them. */
export function hookSettings({ hooks }: Config): HookSettings {
  return { on: hooks.on, timeoutMs: hooks.timeout_ms, atOnce: hooks.at_once };
}

/** Where button and LED are. */
export function handsSettings({ gpio }: Config): HandsSettings {
  return {
    chip: gpio.chip,
    button: gpio.button,
    isButtonActiveLow: gpio.button_active_low,
    debounceMs: gpio.debounce_ms,
    longPressMs: gpio.long_press_ms,
    hasDoublePress: gpio.double_press !== 'none',
    led: gpio.led,
    isLedActiveLow: gpio.led_active_low,
  };
}

/** Where the hotword engine of the configuration comes from, in this thread. */
export function engineSource(config: Config, log: Log): EngineSource {
  return new EngineSource({ settings: hotwordSettings(config), log: log.child({ module: 'hotword' }) });
}

/** What `makeEar` needs to know. */
interface EarNeeds {
  config: Config;
  owner: EarOwner;
  clock: Clock;
  log: Log;
}

/**
 * The hotword engine in a thread of its own, or what hears nothing where none is wanted; undefined when the signal aborts
 * before it is there. Rejects with HotwordError, with the remedy, when it cannot be had.
 */
export function makeEar({ config, owner, clock, log }: EarNeeds, signal: AbortSignal): Promise<AppEar | undefined> {
  const { hotword, session } = config;
  if (hotword.engine === 'none') return Promise.resolve(DEAF_EAR);
  return startThreadEar(
    {
      settings: hotwordSettings(config),
      refractoryMs: hotword.refractory_ms,
      isGuarded: session.barge_in !== 'off' && hotword.phrases.length > 0,
      ...owner,
      clock,
      log: log.child({ module: 'hotword' }),
    },
    signal,
  );
}

/** What an engine is made from. */
export function hotwordSettings(config: Config): HotwordSettings {
  const { engine, phrases, sensitivity, porcupine, openwakeword, pocketsphinx } = config.hotword;
  const frontEndDir = modelsFolder(openwakeword.front_end_dir);
  return {
    engine,
    phrases,
    sensitivity,
    porcupine: { keywords: porcupine.keywords, accessKeyFile: porcupine.access_key_file },
    openwakeword: {
      frontEndDir,
      models: { ...modelsFor(phrases, frontEndDir), ...openwakeword.models },
      threshold: openwakeword.threshold,
      thresholds: openwakeword.thresholds,
      replyThreshold: openwakeword.reply_threshold,
    },
    pocketsphinx: {
      ...pocketsphinx,
      replyThreshold: pocketsphinx.reply_threshold,
      speechThreshold: pocketsphinx.speech_threshold,
    },
  };
}
