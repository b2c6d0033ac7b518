import { basename } from 'node:path';
import { readWav } from '../../../src/pcm/wav.js';
import { concat, samplesOfMs, scale, silence } from '../../helpers/speech.js';
import { atSpeed, babble, inRoom, pinkNoise, speechIn, whiteNoise, withNoise } from './acoustics.js';
import { type Random, randomOf } from './random.js';

/** What is done to a recording before an engine hears it. */
export type Condition = keyof typeof CONDITIONS;

/** A sound to be heard, described so that any process can make the same. */
export interface Recipe {
  /** A WAV file at 16 kHz. */
  file: string;
  condition: Condition;
  /** The WAV files that babble is made of. */
  talkers: readonly string[];
}

/** A sound with what follows it, and where its speech ends, in samples. */
export interface Cooked {
  samples: Int16Array;
  endsAt: number;
}

type Change = (sound: Cooked, random: Random, talkers: readonly string[]) => Cooked | Promise<Cooked>;
type NoiseMaker = (length: number, random: Random, talkers: readonly string[]) => Int16Array | Promise<Int16Array>;

const SNR_DB = 10;
/** The noise is there before the speech, for a gate to know the room. */
const LEAD_MS = 2000;
/** What follows each sound: silence, or its noise. Engines tell a phrase some time after it. */
const AFTER_MS = 1000;
const ROOM = { rt60Ms: 400, directDb: 3 };

/** Every condition by its name in the table. */
const CONDITIONS = {
  clean: quiet(({ samples }) => samples),
  'white noise': noisy(whiteNoise),
  'pink noise': noisy(pinkNoise),
  babble: noisy(async (length, random, talkers) => babble(length, await Promise.all(talkers.map(soundOf)), random)),
  room: quiet(({ samples }, random) => inRoom(samples, ROOM.rt60Ms, ROOM.directDb, random)),
  'slow and deep': faster(0.9),
  'fast and high': faster(1.1),
  '20 dB softer': quiet(({ samples }) => scale(samples, 0.1)),
} satisfies Record<string, Change>;

/** The names of all conditions. */
export const CONDITION_NAMES = Object.keys(CONDITIONS) as Condition[];

/** Makes the sound of a recipe. Throws AudioError when a file cannot be read. */
export async function cook({ file, condition, talkers }: Recipe): Promise<Cooked> {
  const samples = await soundOf(file);
  const change: Change = CONDITIONS[condition];
  return change({ samples, endsAt: speechIn(samples).endsAt }, randomOf(`${condition} ${basename(file)}`), talkers);
}

function quiet(change: (sound: Cooked, random: Random) => Int16Array): Change {
  return (sound, random) => ({ samples: concat(change(sound, random), silence(AFTER_MS)), endsAt: sound.endsAt });
}

function faster(factor: number): Change {
  return ({ samples, endsAt }) => ({
    samples: concat(atSpeed(samples, factor), silence(AFTER_MS)),
    endsAt: Math.round(endsAt / factor),
  });
}

function noisy(noiseFor: NoiseMaker): Change {
  return async ({ samples, endsAt }, random, talkers) => {
    const longer = concat(silence(LEAD_MS), samples, silence(AFTER_MS));
    const noise = await noiseFor(longer.length, random, talkers);
    return { samples: withNoise(longer, noise, SNR_DB), endsAt: samplesOfMs(LEAD_MS) + endsAt };
  };
}

const sounds = new Map<string, Promise<Int16Array>>();

function soundOf(file: string): Promise<Int16Array> {
  const known = sounds.get(file) ?? readWav(file).then(({ samples }) => samples);
  sounds.set(file, known);
  return known;
}
