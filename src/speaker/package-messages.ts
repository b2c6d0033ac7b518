import type { PcmFormat } from '../pcm/format.js';

/*
 * What is said between the speaker-package backend and its child, beside the PCM on the child's standard input.
 * Messages and PCM travel on different ways, so every message that refers to the PCM says at which byte of it
 * (counted since the child began) it stands.
 */

/** From the backend to its child. */
export type PlayerCommand =
  /** A stretch of sound begins with byte `at`. */
  | { type: 'open'; id: number; at: number; format: PcmFormat }
  /** It ends before byte `at`: play it out and say `drained`. */
  | { type: 'end'; id: number; at: number }
  /** Silence now; what comes before byte `at` is not to be played. */
  | { type: 'clear'; id: number; at: number };

/** From the child to the backend. */
export type PlayerReport =
  /** The package is loaded; the device could be opened. */
  | { type: 'loaded' }
  /** Once a second. */
  | { type: 'alive' }
  /** So much has been written that the package has leaked enough: replace this child when it is idle. */
  | { type: 'worn' }
  | { type: 'drained'; id: number }
  | { type: 'cleared'; id: number }
  | { type: 'failed'; id: number; why: string };
