import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from '../app.js';
import { speak } from '../assistant/voice.js';
import { systemClock } from '../clock.js';
import type { Config } from '../config.js';
import { messageOf } from '../errors.js';
import { createLog, Journal, type JournalEntry, type Log } from '../log.js';
import { writeWav } from '../pcm/wav-writer.js';

/** Options of `demonstrateWithoutMicrophone`. */
export interface DemonstrationOptions {
  config: Config;
  /** Of the device itself: tells whether there is a microphone. */
  journal: Journal;
  log: Log;
  signal: AbortSignal;
}

const SENTENCE = 'What is the weather like today?';
const SILENCE_LIMIT_MS = 3000; // the demonstration need not wait longer for a person who is not there
const LIMIT_MS = 60_000;

/**
 * On a machine without a microphone, and only with the embedded assistant: shows a conversation through the whole
 * pipeline, with a synthesised voice as the microphone and a WAV file as the loudspeaker. The device itself goes on
 * waiting for a microphone. Resolves when there is a microphone, or when the demonstration is over. Never rejects.
 */
export async function demonstrateWithoutMicrophone(options: DemonstrationOptions): Promise<void> {
  const { config, journal, log, signal } = options;
  const isReal = ['file', 'stdin'].includes(config.mic.backend);
  if (!config.assistant.demonstrate || config.server.url !== '' || isReal || isDeaf(config)) return;
  if ((await firstWordOfMicrophone(journal, signal)) !== 'mic.lost') return;
  const isHere = new AbortController();
  const stopWatching = journal.watch(({ event }) => {
    if (event === 'mic.ready') isHere.abort();
  });
  const over = AbortSignal.any([signal, isHere.signal]);
  const narrate = (text: string) => log.info({ module: 'demonstration' }, text);
  try {
    await demonstrate(config, narrate, over);
  } catch (error) {
    if (!over.aborted) narrate(`no demonstration: ${messageOf(error)}`);
  } finally {
    stopWatching();
  }
  if (isHere.signal.aborted) narrate('There is a microphone now: the device listens to it.');
  else if (!signal.aborted) narrate('The device now waits for a microphone to be plugged in. Ctrl-C ends it.');
}

async function demonstrate(config: Config, narrate: (text: string) => void, signal: AbortSignal): Promise<void> {
  const phrase = wakingPhrase(config) ?? '';
  narrate('There is no microphone here, so a synthesised voice shows how a conversation goes.');
  const folder = await mkdtemp(join(tmpdir(), 'tars-demonstration-'));
  const replyPath = join(await mkdtemp(join(tmpdir(), 'tars-client-')), 'reply.wav');
  try {
    const voicePath = join(folder, 'voice.wav');
    await writeWav(voicePath, await scene(phrase, folder, signal), 16_000);
    const isPlayed = await converse(demonstrationConfig(config, voicePath, replyPath), narrate, phrase, signal);
    if (isPlayed) narrate(`The reply is in ${replyPath}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the microphone would hear: a quiet moment, the hotword, the sentence. */
async function scene(phrase: string, folder: string, signal: AbortSignal): Promise<Int16Array> {
  const parts = [
    new Int16Array(16_000),
    await speak(phrase, folder, signal),
    new Int16Array(4_800),
    await speak(SENTENCE, folder, signal),
  ];
  const sound = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    sound.set(part, at);
    at += part.length;
  }
  return sound;
}

function demonstrationConfig(config: Config, voicePath: string, replyPath: string): Config {
  return {
    ...config,
    mic: { ...config.mic, backend: 'file', device: voicePath, gain_db: 0 },
    speaker: { ...config.speaker, backend: 'file', device: replyPath },
    assistant: { ...config.assistant, demonstrate: false, silence_limit_ms: SILENCE_LIMIT_MS },
  };
}

async function converse(
  config: Config,
  narrate: (text: string) => void,
  phrase: string,
  signal: AbortSignal,
): Promise<boolean> {
  const silent = createLog({ level: 'silent', format: 'json' });
  const journal = new Journal(silent);
  const app = new App({ config, journal, log: silent, clock: systemClock, random: Math.random });
  const over = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  over.throwIfAborted();
  let isPlayed = false;
  const ended = new Promise<string>((resolve) => {
    over.addEventListener('abort', () => resolve('it took too long'), { once: true });
    journal.watch((entry) => {
      const line = narration(entry, phrase);
      if (line) narrate(line);
      if (entry.event === 'reply.completed') isPlayed = true;
      if (entry.event === 'session.ended') resolve('');
    });
  });
  try {
    await app.start();
    const problem = await ended;
    if (problem !== '' && !signal.aborted) narrate(`The demonstration was cut short: ${problem}.`);
    return isPlayed;
  } finally {
    await app.close();
  }
}

function narration(entry: JournalEntry, phrase: string): string | undefined {
  switch (entry.event) {
    case 'mic.ready':
      return `The voice says "${phrase}", then "${SENTENCE}"`;
    case 'hotword.detected':
      return `Hotword heard: "${entry.fields.phrase}", score ${entry.fields.score.toFixed(2)}.`;
    case 'session.started':
      return 'The conversation is open: what is said goes to the assistant.';
    case 'reply.started':
      return 'The assistant has heard the end of the sentence and replies with what it heard.';
    case 'reply.completed':
      return `The reply has been played, ${(entry.fields.playedMs / 1000).toFixed(1)} s. It is the person's turn again.`;
    case 'session.ended':
      return entry.fields.reason === 'server'
        ? 'Nobody says more: the assistant ends the conversation.'
        : `The conversation ends: ${entry.fields.reason}.`;
    default:
      return undefined;
  }
}

/** Without an engine and a phrase that wakes nobody can be shown how a hotword is heard. */
function isDeaf(config: Config): boolean {
  return config.hotword.engine === 'none' || wakingPhrase(config) === undefined;
}

/** The first phrase that begins a conversation. */
function wakingPhrase({ hotword: { phrases, actions } }: Config): string | undefined {
  return phrases.find((phrase) => (actions[phrase] ?? 'session') === 'session');
}

/** Whether the microphone came or failed first. */
function firstWordOfMicrophone(journal: Journal, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const stop = journal.watch(({ event }) => {
      if (event !== 'mic.ready' && event !== 'mic.lost') return;
      stop();
      resolve(event);
    });
    signal.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
}
