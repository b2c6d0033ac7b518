import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWav } from '../../src/pcm/wav.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { configOf } from '../helpers/config.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { report } from './figures.js';
import { costOf, Ears } from './hotword/children.js';
import { curveSvg, type Line } from './hotword/curve.js';
import { type EngineRow, enginesHere, SHARED } from './hotword/engines.js';
import type { Hearing } from './hotword/hearing.js';
import { randomOf } from './hotword/random.js';
import { CONDITION_NAMES, type Condition } from './hotword/recipes.js';
import { nearWords, phraseBy, readAloud, wavsIn } from './hotword/speech-files.js';
import { crossValidate, delaysOf, quantile, type Sweep, says, tally } from './hotword/tally.js';

/*
 * How well the hotword engines hear, and what that costs: tables in Markdown on stdout. BENCH_SVG names a file for the
 * detection-error curve. BENCH_NEGATIVES names a folder of WAV files at 16 kHz in which nobody says one of the phrases.
 * BENCH_ONLY, such as "pocketsphinx" or "hey tars", leaves out the other engines and phrases; "cost" leaves out all.
 */

const QUIET_DBFS = -60;
const COST_SECONDS = 20;
/** How many of the reading voices are heard at every threshold: each costs half a minute of computing a phrase. */
const SWEPT_VOICES = 2;
const ROUNDS = 500;
const ALLOWED = 1;

const print = (line = '') => process.stdout.write(`${line}\n`);
const row = (...cells: readonly (string | number)[]) => print(`| ${cells.join(' | ')} |`);
const tell = (what: string, of: string, unit: string, values: readonly number[]) =>
  report({ bench: 'hotword', what, of, unit, values });
function heading(...cells: readonly string[]): void {
  print();
  row(...cells);
  row(...cells.map(() => '---'));
}
const perHour = (count: number, hours: number) => `${count} in ${(hours * 60).toFixed(0)} min`;

/** What is heard in one run for one phrase of one engine. */
class Bench {
  readonly #ears = new Ears();
  constructor(
    readonly clips: readonly string[],
    readonly folder: string,
  ) {}

  hear(
    engine: EngineRow,
    phrase: string,
    files: readonly string[],
    options: { condition?: Condition; threshold?: string } = {},
  ) {
    const { condition = 'clean', threshold } = options;
    const talkers = this.clips.filter((clip) => !says(phrase, clip));
    return this.#ears.hear({
      settings: {
        ...engine.settings,
        'hotword.phrases': phrase,
        ...(threshold === undefined ? {} : { [engine.thresholdKey]: threshold }),
      },
      sounds: files.map((file) => ({ file, condition, talkers })),
    });
  }
}

async function main(): Promise<void> {
  if (!existsSync(SHARED)) {
    print(`skipped: there are no recordings in ${SHARED}`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'tars-bench-'));
  try {
    await bench(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function bench(folder: string): Promise<void> {
  const { rows, leftOut } = enginesHere(process.env);
  for (const { name, why } of leftOut) print(`${name} is left out: ${why}.`);
  const clips = await wavsIn(join(SHARED, 'clips'));
  const [reading, near, heyTars] = await Promise.all([
    readAloud(folder),
    nearWords(folder),
    phraseBy('hey tars', folder),
  ]);
  const people = process.env.BENCH_NEGATIVES ? await wavsIn(process.env.BENCH_NEGATIVES) : [];
  const negatives = { reading, near: near.files, people };
  const bench = new Bench(clips, folder);
  const runs = rows.flatMap((engine) =>
    engine.phrases
      .filter((phrase) => isWanted(engine, phrase))
      .map((phrase) => start(bench, engine, phrase, phrase === 'hey tars' ? heyTars : [], negatives)),
  );
  await printRecall(runs);
  await printFalseAlarms(runs, near.count);
  await printSweeps(runs);
  await printCrossValidation(runs);
  await printDelays(runs);
  await printCosts(rows, reading[0] ?? '', folder);
}

function isWanted({ name }: EngineRow, phrase: string): boolean {
  const only = process.env.BENCH_ONLY;
  return !only || only === name || only === phrase;
}

interface Run {
  engine: EngineRow;
  phrase: string;
  conditions: Map<Condition, Promise<Hearing[]>>;
  reading: Promise<Hearing[]>;
  near: Promise<Hearing[]>;
  people: Promise<Hearing[]>;
  /** From thresholds that hear little to those that hear much. */
  sweep: { threshold: string; clips: Promise<Hearing[]>; reading: Promise<Hearing[]> }[];
}

/** Starts all that one phrase of one engine is to hear. */
function start(
  bench: Bench,
  engine: EngineRow,
  phrase: string,
  said: readonly string[],
  negatives: { reading: string[]; near: string[]; people: string[] },
): Run {
  const all = [...said, ...bench.clips];
  const hear = bench.hear.bind(bench, engine, phrase);
  const conditions = new Map(CONDITION_NAMES.map((condition) => [condition, hear(all, { condition })]));
  const reading = hear(negatives.reading);
  const preset = presetOf(engine);
  return {
    engine,
    phrase,
    conditions,
    reading,
    near: hear(negatives.near),
    people: hear(negatives.people),
    sweep: engine.thresholds.map((threshold) => {
      const clean = conditions.get('clean');
      if (Number(threshold) === preset && clean)
        return { threshold, clips: clean, reading: reading.then((all) => all.slice(0, SWEPT_VOICES)) };
      return {
        threshold,
        clips: hear(all, { threshold }),
        reading: hear(negatives.reading.slice(0, SWEPT_VOICES), { threshold }),
      };
    }),
  };
}

function presetOf({ thresholdKey }: EngineRow): number {
  const { sensitivity, openwakeword, pocketsphinx } = configOf({}).hotword;
  const presets: Record<string, number> = {
    'hotword.sensitivity': sensitivity,
    'hotword.openwakeword.threshold': openwakeword.threshold,
    'hotword.pocketsphinx.threshold': pocketsphinx.threshold,
  };
  return presets[thresholdKey] ?? Number.NaN;
}

async function printRecall(runs: readonly Run[]): Promise<void> {
  print('\nHeard, and false alarms on all other recordings (at the default threshold; noise at 10 dB SNR)');
  heading('engine', 'phrase', ...CONDITION_NAMES);
  for (const { engine, phrase, conditions } of runs) {
    const cells: string[] = [];
    for (const hearings of conditions.values()) {
      const { heard, said, falseAlarms } = tally(phrase, await hearings);
      cells.push(`${heard}/${said}, ${falseAlarms}`);
    }
    row(engine.name, phrase, ...cells);
  }
}

async function printFalseAlarms(runs: readonly Run[], nearCount: number): Promise<void> {
  print('\nFalse alarms at the default threshold');
  heading(
    'engine',
    'phrase',
    'words of people',
    'four voices reading',
    'an hour',
    `${nearCount} words alike`,
    'BENCH_NEGATIVES',
  );
  for (const { engine, phrase, conditions, reading, near, people } of runs) {
    const words = tally(phrase, (await conditions.get('clean')) ?? []);
    const read = tally(phrase, await reading);
    const others = tally(phrase, await people);
    row(
      engine.name,
      phrase,
      perHour(words.falseAlarms, words.otherHours),
      perHour(read.falseAlarms, read.otherHours),
      ((words.falseAlarms + read.falseAlarms) / (words.otherHours + read.otherHours)).toFixed(1),
      tally(phrase, await near).falseAlarms,
      perHour(others.falseAlarms, others.otherHours),
    );
  }
}

async function printSweeps(runs: readonly Run[]): Promise<void> {
  print('\nThresholds: heard clean, false alarms on the other recordings and two voices reading');
  heading('engine', 'phrase', 'threshold', 'heard', 'false alarms', 'an hour');
  const lines: Line[] = [];
  const families = [...new Set(runs.map(({ engine }) => engine))];
  for (const { engine, phrase, sweep } of runs) {
    const points: Line['points'][number][] = [];
    for (const { threshold, clips, reading } of sweep) {
      const { said, heard, falseAlarms, otherHours } = tally(phrase, [...(await clips), ...(await reading)]);
      const falseAlarmsAnHour = falseAlarms / otherHours;
      const label = Number(threshold) === presetOf(engine) ? threshold : undefined;
      points.push({ falseAlarmsAnHour, missedPercent: 100 * (1 - heard / said), ...(label ? { label } : {}) });
      row(engine.name, phrase, threshold, `${heard}/${said}`, falseAlarms, falseAlarmsAnHour.toFixed(1));
    }
    lines.push({ name: `${engine.name}, "${phrase}"`, family: families.indexOf(engine), points });
  }
  const file = process.env.BENCH_SVG;
  if (file)
    await writeFile(
      file,
      curveSvg('Missed phrases and false alarms of the hotword engines', 'false alarms an hour', lines),
    );
}

async function printCrossValidation(runs: readonly Run[]): Promise<void> {
  print(
    `\nThreshold chosen on half of the recordings (at most ${ALLOWED} false alarm there), counted on the other half, ${ROUNDS} times`,
  );
  heading('engine', 'phrase', 'heard: mean', '5 % to 95 %', 'false alarms: mean', 'thresholds chosen');
  for (const { engine, phrase, sweep } of runs) {
    const heard: Sweep = await Promise.all(
      sweep.map(async ({ threshold, clips }) => ({ threshold, hearings: await clips })),
    );
    const { recall, falseAlarms, chosen } = crossValidate(phrase, heard, {
      allowed: ALLOWED,
      rounds: ROUNDS,
      random: randomOf(`${engine.name} ${phrase}`),
    });
    const [mean, low, high] = recall.map((part) => `${(100 * part).toFixed(0)} %`);
    const names = [...chosen].map(([threshold, times]) => `${threshold}: ${times}`).join(', ');
    row(engine.name, phrase, mean ?? '', `${low} to ${high}`, falseAlarms.toFixed(1), names);
  }
}

async function printDelays(runs: readonly Run[]): Promise<void> {
  print('\nFrom the end of the word (its last 10 ms within 25 dB of the loudest) to the detection, clean, in ms');
  heading('engine', 'phrase', 'median', '10 %', '90 %');
  for (const { engine, phrase, conditions } of runs) {
    const delays = delaysOf(phrase, (await conditions.get('clean')) ?? []);
    row(engine.name, phrase, ...[0.5, 0.1, 0.9].map((q) => quantile(delays, q).toFixed(0)));
  }
  print();
  for (const { engine, phrase, conditions } of runs) {
    const hearings = (await conditions.get('clean')) ?? [];
    const { heard, said, falseAlarms } = tally(phrase, hearings);
    const of = `${engine.name}, "${phrase}", clean`;
    tell('heard', of, `of ${said}`, [heard]);
    tell('false alarms on other words', of, 'times', [falseAlarms]);
    tell('end of the word → detection', of, 'ms', delaysOf(phrase, hearings));
  }
}

async function printCosts(rows: readonly EngineRow[], speech: string, folder: string): Promise<void> {
  const quiet = join(folder, 'quiet.wav');
  await writeWav(quiet, whiteNoise((COST_SECONDS + 6) * 1000, QUIET_DBFS), RATE_HZ);
  const talk = join(folder, 'talk.wav');
  await writeWav(talk, (await readWav(speech)).samples.subarray(0, (COST_SECONDS + 6) * RATE_HZ), RATE_HZ);
  const costs = (settings: Record<string, string>) =>
    costOf({ settings, sounds: [quiet, talk], seconds: COST_SECONDS });
  const none = await costs({ 'hotword.engine': 'none' });
  print(`\nCost beyond a process that listens to nothing, in real time, ${COST_SECONDS} s each`);
  heading(
    'engine',
    `hiss of ${QUIET_DBFS} dBFS, % of a core`,
    'continuous speech',
    'longest 20 ms of sound, in ms',
    'memory (PSS), MB',
  );
  const measured: { name: string; percents: number[]; mb: number }[] = [];
  for (const { name, settings, phrases } of rows) {
    const cost = await costs({ ...settings, 'hotword.phrases': phrases[0] ?? '' });
    const percents = cost.cpuPercent.map((percent, i) => percent - (none.cpuPercent[i] ?? 0));
    measured.push({ name, percents, mb: cost.pssMb - none.pssMb });
    const [quietPercent, talkPercent] = percents.map((percent) => percent.toFixed(2));
    row(
      name,
      quietPercent ?? '',
      talkPercent ?? '',
      Math.max(...cost.worstMs).toFixed(1),
      (cost.pssMb - none.pssMb).toFixed(0),
    );
  }
  print();
  for (const { name, percents, mb } of measured) {
    const [quiet = Number.NaN, talk = Number.NaN] = percents;
    tell('CPU of the engine in quiet', name, '% of a core', [quiet]);
    tell('CPU of the engine in speech', name, '% of a core', [talk]);
    tell('memory of the engine (PSS)', name, 'MB', [mb]);
  }
}

await main();
