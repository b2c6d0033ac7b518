import { fadeEdges, toSamples } from './shape.js';

/** The short sounds: the keys of `[cues]`, and the two of the mute switch. */
export type CueName = 'heard' | 'offline' | 'over' | 'error' | 'muted' | 'unmuted';

/** Tones that sound together. */
interface Note {
  tonesHz: readonly number[];
  startMs: number;
  durationMs: number;
}

const note = (startMs: number, durationMs: number, ...tonesHz: number[]): Note => ({ tonesHz, startMs, durationMs });

/** Up is good news, down is an end, low and level is trouble. All are notes of C, so that no two of them clash. */
const SCORES: Readonly<Record<CueName, readonly Note[]>> = {
  heard: [note(0, 60, 784), note(45, 75, 1047)],
  over: [note(0, 90, 784), note(75, 115, 523)],
  offline: [note(0, 80, 330), note(105, 85, 330)],
  error: [note(0, 195, 262, 311, 392)],
  muted: [note(0, 60, 523), note(50, 80, 392)],
  unmuted: [note(0, 60, 392), note(50, 80, 523)],
};

const PEAK_DB = -6;
const ATTACK_MS = 8;
/** A long release makes a note sound struck instead of switched. */
const RELEASE_SHARE = 0.7;
/** Loudness of a tone's harmonics: enough of the second and third for small loudspeakers, which lose the first. */
const HARMONICS = [1, 0.25, 0.08];

/** Makes the cues: mono 16-bit samples at `rateHz`, each at most 200 ms long and -6 dBFS at its peak. */
export function synthesiseCues(rateHz: number): Record<CueName, Int16Array> {
  return {
    heard: play(SCORES.heard, rateHz),
    offline: play(SCORES.offline, rateHz),
    over: play(SCORES.over, rateHz),
    error: play(SCORES.error, rateHz),
    muted: play(SCORES.muted, rateHz),
    unmuted: play(SCORES.unmuted, rateHz),
  };
}

function play(score: readonly Note[], rateHz: number): Int16Array {
  const samplesOfMs = (durationMs: number) => Math.floor((durationMs * rateHz) / 1000);
  const lengthMs = Math.max(...score.map(({ startMs, durationMs }) => startMs + durationMs));
  const sound = new Float64Array(samplesOfMs(lengthMs));
  for (const { tonesHz, startMs, durationMs } of score) {
    const voice = new Float64Array(samplesOfMs(durationMs)).map((_, i) => chord(tonesHz, i / rateHz, rateHz));
    fadeEdges(voice, samplesOfMs(ATTACK_MS), voice.length * RELEASE_SHARE);
    const start = samplesOfMs(startMs);
    voice.forEach((value, i) => {
      sound[start + i] = (sound[start + i] ?? 0) + value;
    });
  }
  return toSamples(sound, PEAK_DB);
}

function chord(tonesHz: readonly number[], timeS: number, rateHz: number): number {
  let value = 0;
  for (const toneHz of tonesHz) {
    HARMONICS.forEach((loudness, index) => {
      const hz = toneHz * (index + 1);
      if (hz < rateHz / 2) value += loudness * Math.sin(2 * Math.PI * hz * timeS);
    });
  }
  return value;
}
