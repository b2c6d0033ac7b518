import { HotwordError } from '../errors.js';
import { NO_TAP } from '../speaker/tapped-speaker.js';
import type { Ear } from './ear.js';
import type { ThreadEar } from './thread-ear.js';

/** An ear with what the program tells of it and sets in it. */
export type AppEar = Ear &
  Pick<ThreadEar, 'engine' | 'phrases' | 'thresholds' | 'tap' | 'setThreshold' | 'watchScores' | 'close'>;

const nothing = () => undefined;

/** Hears nothing: there is no engine, and only a key or the server begins a conversation. */
export const DEAF_EAR: AppEar = {
  engine: 'none',
  phrases: [],
  thresholds: undefined,
  tap: NO_TAP,
  feed: nothing,
  reset: nothing,
  rest: nothing,
  during: nothing,
  setThreshold: () => {
    throw new HotwordError('there is no hotword engine, and no threshold that could be set');
  },
  watchScores: nothing,
  close: () => Promise.resolve(),
};
