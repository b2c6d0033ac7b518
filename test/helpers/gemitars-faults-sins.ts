import type { Fault } from './gemitars-faults.js';
import { abandonedMs, END, hum, playOutMs, quietTurnMs, SESSION_END, START, sendAll } from './gemitars-faults-parts.js';

const SOUND_MS = 300;
const SOUND = hum(SOUND_MS);
const DRIPS = 8;
const DRIP_MS = 250;
/** Beyond the 1 MiB that a device takes. */
const TOO_BIG_BYTES = 2 ** 20 + 1;
const BIG_SOUND_MS = 2_000;
const FLOOD = 500;
/** How much faster than it plays a reply comes that never lets the device run dry. */
const HASTE = 4 / 3;

/** What servers of other protocols would say first. */
const FOREIGN: readonly (string | Uint8Array)[] = [
  '{"type":"hello","transport":"websocket","audio_params":{"format":"opus","sample_rate":24000}}',
  '{"type":"session.created","event_id":"e1","session":{"modalities":["audio","text"]}}',
  '{"type":"response.audio.delta","delta":"AAAA"}',
  '{"type":"auth_required","ha_version":"2026.6.1"}',
  '{"type":"tts","state":"start"}',
  '{"type":"run-pipeline","start_stage":"wake_word"}\n{"type":"audio-chunk","payload_length":2}\n',
  '{"type":"START_OF_TTS_STREAM"}',
  '{"event":"start_of_tts_stream"}',
  '[{"type":"start_of_tts_stream"}]',
];

const BROKEN: readonly string[] = [
  '',
  ' ',
  '{',
  '{"type":',
  '{"type":"start_of_tts_stream"',
  'null',
  '"start_of_tts_stream"',
  '{"type":null}',
  '{"type":["session_end"]}',
  '{"type":"__proto__"}',
  '\u0000\uffff',
  '['.repeat(20_000),
];

/** A sin that is a few messages, sent as fast as they go; `soundMs` of them may have to be played. */
const saying = (what: string, messages: readonly (string | Uint8Array)[], soundMs = 0): Fault => ({
  what,
  run: async ({ server }) => void (await sendAll(server, ...messages)),
  limitMs: (config, waitingMs) => abandonedMs(config, waitingMs + soundMs),
});

/** Sound in messages of these numbers of bytes, over and over. */
function* cut(sound: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < sound.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield sound.subarray(at, at + size);
    at += size;
  }
}

/** What any server can do wrong, and none is known to do. */
export const SINS = {
  endWithoutStart: saying('an end marker without a start', [END, END]),
  twoStarts: saying('a start marker inside a reply', [START, SOUND, START, SOUND, END], 2 * SOUND_MS),
  replyBehindReply: saying('a reply before the first is played', [START, SOUND, END, START, SOUND, END], 2 * SOUND_MS),
  emptyReplies: saying('replies without a sample', [START, END, START, END, START, END]),
  audioBehindItsEnd: saying('a reply whose audio comes all behind its end', [START, END, SOUND, SOUND], 2 * SOUND_MS),
  audioWithoutMarkers: saying('audio without any marker', [SOUND], SOUND_MS),
  audioOutsideReply: {
    what: 'audio in a turn of the person',
    run: async ({ server, pause }) => {
      await sendAll(server, START, SOUND, END);
      await pause(3 * SOUND_MS + 300);
      await sendAll(server, SOUND, END);
    },
    limitMs: (config, waitingMs) => abandonedMs(config, waitingMs + 5 * SOUND_MS + 300),
  },
  sessionEndInReply: {
    what: 'the end of the session in the middle of a reply, which goes on',
    run: async ({ server }) => void (await sendAll(server, START, SOUND, SESSION_END, SOUND, END)),
    limitMs: (config, waitingMs) => playOutMs(config, waitingMs + 2 * SOUND_MS),
  },
  sessionEndTwice: {
    what: 'the end of the session, twice, and then a reply',
    run: async ({ server }) => void (await sendAll(server, SESSION_END, SESSION_END, START, SOUND, END)),
    limitMs: (config, waitingMs) => playOutMs(config, waitingMs + SOUND_MS),
  },
  slowDrip: {
    what: 'a reply that comes a drop at a time',
    run: async ({ server, pause }) => {
      await server.send(START);
      for (let i = 0; i < DRIPS; i++) {
        await server.send(hum(20));
        await pause(DRIP_MS);
      }
      await server.send(END);
    },
    limitMs: (config, waitingMs) => DRIPS * DRIP_MS + abandonedMs(config, waitingMs + DRIPS * 20),
  },
  endlessReply: {
    what: 'a reply without end, as fast as it plays, also after the device has cut it',
    run: async ({ server, config, pause }) => {
      await server.send(START);
      for (let ms = 0; ms < config.session.reply_limit_ms + 1_000; ms += SOUND_MS) {
        if (!(await server.send(SOUND))) return;
        await pause(SOUND_MS);
      }
    },
    limitMs: (config, waitingMs) => config.session.reply_limit_ms + playOutMs(config, waitingMs),
  },
  endlessReplies: {
    what: 'one short reply behind the other, long after the device has had enough',
    run: async ({ server, config, pause }) => {
      for (let ms = 0; ms < 3 * config.session.reply_limit_ms; ms += SOUND_MS) {
        if (!(await sendAll(server, START, SOUND, END))) return;
        await pause(SOUND_MS);
      }
    },
    limitMs: (config, waitingMs) => config.session.reply_limit_ms + playOutMs(config, waitingMs + SOUND_MS),
  },
  endlessAudioBehindEnd: {
    what: 'sound without end behind the end marker of its reply, faster than it plays, long after the device has had enough',
    run: async ({ server, config, pause }) => {
      await sendAll(server, START, SOUND, END, SOUND);
      for (let ms = 0; ms < 3 * config.session.reply_limit_ms; ms += SOUND_MS / HASTE) {
        if (!(await server.send(SOUND))) return;
        await pause(SOUND_MS / HASTE);
      }
    },
    limitMs: (config, waitingMs) =>
      HASTE * config.session.reply_limit_ms + playOutMs(config, waitingMs + 2 * SOUND_MS) + quietTurnMs(config),
  },
  oddBytes: saying(
    'a reply in messages of odd sizes, empty ones too, and half a sample at the end',
    [START, ...cut(Buffer.concat([SOUND, Buffer.of(7)]), [1, 333, 0, 7, 1_001, 3]), END],
    SOUND_MS,
  ),
  textFlood: saying(
    'a flood of words',
    Array.from({ length: FLOOD }, (_, i) => JSON.stringify({ type: `event${i % 50}`, text: 'word '.repeat(40) })),
  ),
  foreign: saying('the messages of other protocols', FOREIGN),
  brokenJson: saying('text that is no JSON, or JSON that is no message', BROKEN),
  bigText: saying('a text of almost 1 MiB', [
    JSON.stringify({ type: 'history', text: 'x'.repeat(TOO_BIG_BYTES - 100) }),
  ]),
  tooBigText: saying('a text beyond 1 MiB', [JSON.stringify({ type: 'history', text: 'x'.repeat(TOO_BIG_BYTES) })]),
  tooBigAudio: saying('audio beyond 1 MiB in one message', [START, Buffer.alloc(TOO_BIG_BYTES)]),
  bigAudio: saying('seconds of sound in one message', [START, hum(BIG_SOUND_MS), END], BIG_SOUND_MS),
} satisfies Readonly<Record<string, Fault>>;
