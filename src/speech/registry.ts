import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ConfigError } from '../errors.js';
import { CommandVoice } from './command-voice.js';
import type { Voice } from './voice.js';

/** The settings of a voice: `[speech]`. */
export interface SpeechSettings {
  engine: string;
  /** A voice as the engine names it; '' for its own choice. */
  voice: string;
  /** A line for the shell. */
  command: string;
}

/** The voices by the name in `speech.engine`. A new one is one row. */
export const VOICES: Readonly<Record<string, (settings: SpeechSettings) => Voice>> = {
  auto: (settings) => (VOICES[isOnPath('espeak-ng') && !isOnPath('flite') ? 'espeak-ng' : 'flite'] ?? flite)(settings),
  flite,
  'espeak-ng': ({ voice }) =>
    new CommandVoice({
      name: 'espeak-ng',
      command: 'espeak-ng',
      args: () => [...(voice === '' ? [] : ['-v', voice]), '--stdin', '--stdout'],
      by: 'pipes',
      remedy: 'install it with: sudo apt install espeak-ng; or set speech.engine',
    }),
  command: ({ command }) =>
    new CommandVoice({
      name: 'speech.command',
      command: '/bin/sh',
      args: () => ['-c', command],
      by: 'pipes',
      remedy:
        'it gets the text on its standard input and must write a WAV to its standard output; check speech.command',
    }),
};

function flite({ voice }: SpeechSettings): Voice {
  return new CommandVoice({
    name: 'flite',
    command: 'flite',
    args: ({ text, sound }) => [...(voice === '' ? [] : ['-voice', voice]), '-f', text, '-o', sound],
    by: 'files',
    remedy: 'install it with: sudo apt install flite; or set speech.engine',
  });
}

/** The voice of the configuration. Throws ConfigError when there is none of the name. */
export function makeVoice(settings: SpeechSettings): Voice {
  const make = VOICES[settings.engine];
  if (make) return make(settings);
  throw new ConfigError(`speech.engine = "${settings.engine}" is none of ${Object.keys(VOICES).join(', ')}`);
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false; // not in this folder
    }
  });
}
