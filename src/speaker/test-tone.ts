import { sweep } from '../doctor/echo.js';
import { bytesOf, SPEECH_FORMAT } from '../pcm/format.js';
import { applyVolume } from '../pcm/volume.js';
import type { Speaker } from './speaker.js';

/**
 * Plays the doctor's rising tone, at a volume of 0 to 1. Resolves when its last sample has been played. Throws AudioError where
 * there is no device just now.
 */
export async function playTestTone(speaker: Speaker, volume: number): Promise<void> {
  const playback = speaker.open(SPEECH_FORMAT);
  playback.write(applyVolume(bytesOf(sweep(SPEECH_FORMAT.rateHz)), SPEECH_FORMAT, volume));
  await playback.drain();
}
