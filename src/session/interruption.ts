import { SpeechDetector } from '../pcm/level.js';

/** So much speech interrupts a reply; a cough does not. */
const INTERRUPTION_MS = 250;
/** What an echo canceller leaves of a reply is uneven: a person is louder than its loudest moment by this much. */
const ABOVE_ECHO_DB = 8;
/** Under it nobody interrupts: PulseAudio's canceller was measured to leave up to -49 dBFS for a second at a time. */
const QUIETEST_DB = -45;
/** Above it everybody interrupts: who speaks in the first second of a reply must not have to outdo themselves. */
const LOUDEST_DB = -30;

/** An echo canceller swallows parts of what a person says while the reply is heard: their first word may be in pieces. */
const JOIN_MS = 700;

/**
 * Tells a person who interrupts a reply from what the microphone hears of the reply itself, which was `echoDb` at most (in
 * dBFS) before it counted.
 */
export function interruptionDetector(rateHz: number, echoDb: number): SpeechDetector {
  const minDb = Math.min(LOUDEST_DB, Math.max(QUIETEST_DB, echoDb + ABOVE_ECHO_DB));
  return new SpeechDetector({ rateHz, minSpeechMs: INTERRUPTION_MS, minDb, joinMs: JOIN_MS });
}
