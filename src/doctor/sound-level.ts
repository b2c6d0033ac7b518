import { peakDb, rmsDb, SILENCE_DB } from '../pcm/level.js';
import { type Finding, failure, ok, warning } from './finding.js';

const SUBJECT = 'level';
/** Samples at the ends of the scale, of all: more than a clipped consonant. */
const CLIPPED_SHARE = 0.001;
const FULL = 32_700;
/** A mean this far from zero takes headroom and says that something is wrong with the microphone; in dBFS. */
const OFFSET_DB = -30;
/** A room with people is not this quiet to any microphone that hears them; the loudest moment, in dBFS. */
const QUIET_PEAK_DB = -60;

/** What a few seconds of a microphone's sound say about it. */
export function judgeSound(samples: Int16Array): Finding {
  const levelDb = rmsDb(samples);
  const loudestDb = peakDb(samples);
  const shown = `${levelDb.toFixed(0)} dBFS on average, ${loudestDb.toFixed(0)} at most`;
  if (loudestDb <= SILENCE_DB) {
    return failure(
      SUBJECT,
      'digital silence: not even noise',
      'unmute the microphone (alsamixer -V capture, or a switch on it), or try another mic.channel',
    );
  }
  const offset = mean(samples);
  const clipped = shareOf(samples, (sample) => Math.abs(sample) >= FULL);
  if (clipped > CLIPPED_SHARE) {
    return failure(
      SUBJECT,
      `clipped: ${(clipped * 100).toFixed(1)} % of the samples are at full scale (${shown})`,
      'turn the capture level down (alsamixer -V capture), or set mic.gain_db lower',
    );
  }
  if (20 * Math.log10(Math.abs(offset) / 32_768) > OFFSET_DB) {
    return failure(
      SUBJECT,
      `a DC offset of ${((offset / 32_768) * 100).toFixed(1)} % of full scale (${shown})`,
      'check wiring and bits (mic.bits, mic.channel); a USB microphone with it is broken',
    );
  }
  if (loudestDb < QUIET_PEAK_DB) {
    return warning(
      SUBJECT,
      `very quiet: ${shown}`,
      'speak while the doctor listens; if it stays so, set mic.gain_db = 20',
    );
  }
  return ok(SUBJECT, shown);
}

function mean(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample;
  return samples.length === 0 ? 0 : sum / samples.length;
}

function shareOf(samples: Int16Array, isMeant: (sample: number) => boolean): number {
  let count = 0;
  for (const sample of samples) if (isMeant(sample)) count += 1;
  return samples.length === 0 ? 0 : count / samples.length;
}
