import { rmsDb } from '../../../src/pcm/level.js';
import { crossCorrelation } from '../../helpers/fft.js';
import { RATE_HZ } from '../../helpers/sound-tap.js';
import { scale } from '../../helpers/speech.js';
import { mix } from '../../helpers/synthetic-speech.js';
import { normal, type Random } from './random.js';

const FRAME_SAMPLES = RATE_HZ / 100;
/** What is this far below the loudest 10 ms is not speech any more. */
const SPEECH_RANGE_DB = 25;
const TALKERS = 6;
const FIRST_ECHO_SAMPLES = RATE_HZ / 200; // 5 ms
/** The direct sound in a room's response, as a 16-bit number. */
const DIRECT = 16_384;

/** The frames of 10 ms that are speech: their number, their root mean square in dBFS, and the end of the last in samples. */
export function speechIn(samples: Int16Array): { frames: number; levelDb: number; endsAt: number } {
  const levels: number[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= samples.length; at += FRAME_SAMPLES) {
    levels.push(rmsDb(samples.subarray(at, at + FRAME_SAMPLES)));
  }
  const least = Math.max(...levels) - SPEECH_RANGE_DB;
  const loud = levels.filter((level) => level >= least);
  const power = loud.reduce((sum, level) => sum + 10 ** (level / 10), 0) / loud.length;
  const last = levels.findLastIndex((level) => level >= least);
  return { frames: loud.length, levelDb: 10 * Math.log10(power), endsAt: (last + 1) * FRAME_SAMPLES };
}

/** Noise with the same power in every hertz; its level does not matter. */
export function whiteNoise(length: number, random: Random): Int16Array {
  return Int16Array.from({ length }, () => clip(3000 * normal(random)));
}

/** Noise with the same power in every octave: white noise through Paul Kellet's filter, within 0.05 dB above 10 Hz. */
export function pinkNoise(length: number, random: Random): Int16Array {
  const poles = [0.99886, 0.99332, 0.969, 0.8665, 0.55, -0.7616];
  const gains = [0.0555179, 0.0750759, 0.153852, 0.3104856, 0.5329522, -0.016898];
  const state = poles.map(() => 0);
  let delayed = 0;
  return Int16Array.from({ length }, () => {
    const white = normal(random);
    let sum = delayed + 0.5362 * white;
    delayed = 0.115926 * white;
    poles.forEach((pole, i) => {
      state[i] = pole * (state[i] ?? 0) + (gains[i] ?? 0) * white;
      sum += state[i] ?? 0;
    });
    return clip(800 * sum);
  });
}

/** Six people talking at once, each as loud as the others and without end, from recordings drawn by chance. */
export function babble(length: number, recordings: readonly Int16Array[], random: Random): Int16Array {
  const sum = new Float64Array(length);
  for (let talker = 0; talker < TALKERS; talker++) {
    // The first begins somewhere within its recording.
    let at = -Math.floor(random() * RATE_HZ);
    while (at < length) {
      const recording = recordings[Math.floor(random() * recordings.length)];
      if (!recording || recording.length === 0) break;
      const gain = 10 ** ((-35 - speechIn(recording).levelDb) / 20);
      for (let i = Math.max(0, -at); i < recording.length && at + i < length; i++) {
        sum[at + i] = (sum[at + i] ?? 0) + gain * (recording[i] ?? 0);
      }
      at += recording.length;
    }
  }
  return Int16Array.from(sum, clip);
}

/** Speech with noise, the noise `snrDb` below the speech (both root mean squares, the speech's without its pauses). */
export function withNoise(speech: Int16Array, noise: Int16Array, snrDb: number): Int16Array {
  const gainDb = speechIn(speech).levelDb - snrDb - rmsDb(noise);
  return mix(speech, scale(noise, 10 ** (gainDb / 20)));
}

/**
 * Speech in a room of `rt60Ms`: after the direct sound come echoes like decaying noise, in sum `directDb` weaker than
 * it. As loud as before.
 */
export function inRoom(speech: Int16Array, rt60Ms: number, directDb: number, random: Random): Int16Array {
  const length = Math.round((rt60Ms * RATE_HZ) / 1000);
  const echoes = Float64Array.from({ length }, (_, i) =>
    i < FIRST_ECHO_SAMPLES ? 0 : normal(random) * 10 ** ((-3 * i) / length),
  );
  const energy = echoes.reduce((sum, echo) => sum + echo * echo, 0);
  const echoPower = 10 ** (-directDb / 10);
  const response = Int16Array.from(echoes, (echo) => Math.round(DIRECT * echo * Math.sqrt(echoPower / energy)));
  response[0] = DIRECT;
  const wet = crossCorrelation(response.reverse(), speech);
  const gain = 1 / (DIRECT * Math.sqrt(1 + echoPower));
  return Int16Array.from(wet, (sample) => clip(sample * gain));
}

/** Speech played `factor` times as fast, so that its pitch changes too: another size of person (linear interpolation). */
export function atSpeed(speech: Int16Array, factor: number): Int16Array {
  return Int16Array.from({ length: Math.floor((speech.length - 1) / factor) }, (_, i) => {
    const at = i * factor;
    const before = Math.floor(at);
    const part = at - before;
    return Math.round((speech[before] ?? 0) * (1 - part) + (speech[before + 1] ?? 0) * part);
  });
}

function clip(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}
