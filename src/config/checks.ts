import { EVENT_NAMES } from '../hooks/event-names.js';
import { isWord } from '../hotword/pronunciation.js';
import { isSampleBits } from '../pcm/format.js';
import { hint } from './nearest.js';

/** What a value should have been, as a sentence completing "allowed: …"; undefined when it is right. */
export type Fault = string | undefined;

/** What `addressFault` allows. */
export const ADDRESS = 'a ws:// or wss:// address, or "" for the embedded assistant';
/** What `bitsFault` allows. */
export const SAMPLE_BITS = '16, 24 or 32';
/** What `listenFault` allows. */
export const LISTEN_ADDRESS = 'an address and a port, such as "127.0.0.1:8137" or "[::1]:8137"';

/** What `hooksFault` allows. */
export const HOOKS =
  'a table of event = ["program", "argument", …], such as { "session.started" = ["/usr/local/bin/lights", "on"] }';

/** Checks the events of hooks: those of the log, and of `hotword.event` those with one name, as `hotword.event:lights`. */
export function hooksFault(hooks: Readonly<Record<string, readonly string[]>>): Fault {
  if (Object.values(hooks).some(([program]) => program === '')) return HOOKS;
  const stranger = Object.keys(hooks).find((name) => !EVENT_NAMES.includes(name) && !/^hotword\.event:./.test(name));
  if (stranger === undefined) return undefined;
  return `events of the log; "${stranger}" is none${hint(stranger, EVENT_NAMES)} They are: ${EVENT_NAMES.join(', ')}`;
}

/** Checks the address of a server. A user name or a password in it would be shown in logs and lists of processes. */
export function addressFault(value: string): Fault {
  if (value === '') return undefined;
  if (!URL.canParse(value)) return ADDRESS;
  const { protocol, username, password, hash } = new URL(value);
  if (protocol !== 'ws:' && protocol !== 'wss:') return ADDRESS;
  if (username !== '' || password !== '') {
    return 'no user name or password in the address: name a file with the token in server.token_file';
  }
  return hash === '' ? undefined : 'an address without "#…", which no server ever sees';
}

/** Checks the bits of a sample. */
export function bitsFault(value: number): Fault {
  return isSampleBits(value) ? undefined : SAMPLE_BITS;
}

/** Checks a list of hotwords. */
export function phrasesFault(phrases: readonly string[]): Fault {
  if (phrases.some((phrase) => phrase.trim() === '')) return 'no empty phrase in the list';
  const different = new Set(phrases.map((phrase) => phrase.trim().toLowerCase()));
  return different.size < phrases.length ? 'each phrase only once' : undefined;
}

/** Checks the words of pronunciations: what belongs to a phrase, or to a word with punctuation, nothing would look up. */
export function pronunciationsFault(pronunciations: Readonly<Record<string, readonly string[]>>): Fault {
  const stranger = Object.keys(pronunciations).find((key) => !isWord(key));
  if (stranger === undefined) return undefined;
  return `single words, each with its own pronunciations, such as { hey = ["HH EY"], tars = ["T AA R Z"] }; ${JSON.stringify(stranger)} is no single word`;
}

/** Checks an address to listen on: host:port, with an IPv6 host in brackets. */
export function listenFault(value: string): Fault {
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(value)?.[1];
  if (port === undefined) return LISTEN_ADDRESS;
  return Number(port) > 65_535 ? 'a port from 0 to 65535' : undefined;
}
