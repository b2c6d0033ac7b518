import type { Clock } from '../clock.js';
import { sweep } from '../doctor/echo.js';
import { AudioError } from '../errors.js';
import { bytesOf, msOfBytes, SPEECH_FORMAT } from '../pcm/format.js';
import { pause } from '../pcm/supervisor.js';
import { applyVolume } from '../pcm/volume.js';
import type { Speaker } from './speaker.js';

/** A device may be so late with its word that all has been played. */
const MARGIN_MS = 5000;

/**
 * Plays the doctor's rising tone, at a volume of 0 to 1. Resolves when its last sample has been played. Rejects with AudioError
 * where there is no device just now, where the device does not play it to its end, and where another sound took its place.
 */
export async function playTestTone(speaker: Speaker, volume: number, clock: Clock): Promise<void> {
  const tone = bytesOf(sweep(SPEECH_FORMAT.rateHz));
  const durationMs = msOfBytes(SPEECH_FORMAT, tone.length);
  const beganAtMs = clock.nowMs();
  const playback = speaker.open(SPEECH_FORMAT);
  const stop = new AbortController();
  playback.write(applyVolume(tone, SPEECH_FORMAT, volume));
  const played = await Promise.race([
    playback.drain().then(() => true),
    pause(durationMs + MARGIN_MS, stop.signal, clock).then(() => false),
  ]).finally(() => stop.abort());
  if (!played) {
    void playback.clear();
    throw new AudioError('the loudspeaker did not say that it has played the test tone; look at it with `doctor`');
  }
  // A playback that is cleared is drained at once.
  if (clock.nowMs() - beganAtMs < durationMs) throw new AudioError('another sound took the place of the test tone');
}
