import type { DeviceRecord } from './soak.js';
import { fit, type Slope, type Vitals, WARM_UP_TURNS } from './vitals.js';

/** More objects a turn than this, beyond twice the error, are a leak: what is made once and late is less. */
const GROWTH_OBJECTS = 0.3;
/** More bytes a turn that the program holds, beyond twice the error, are a leak: 10,000 turns would be 1 MiB. */
const GROWTH_BYTES = 100;
/** Fewer samples than this tell nothing of a slope. */
const SAMPLES_MIN = 6;

/** The rows of a soak as a Markdown text, and whether all promises were kept. */
export function report(records: readonly DeviceRecord[], tookMs: number): { text: string; isGood: boolean } {
  const sum = (of: (record: DeviceRecord) => number) => records.reduce((total, record) => total + of(record), 0);
  const vain = records.flatMap((record) => record.vain);
  const failures = records.flatMap(({ device, failures }) => failures.map((text) => `- device ${device}: ${text}`));
  const strayBlocks = sum((record) => record.strayBlocks);
  const memory = records.map(memoryRow);
  const leaks = records.filter(({ vitals }) => isLeaking(vitals));
  const isGood = failures.length === 0 && strayBlocks === 0 && leaks.length === 0;
  const lines = [
    '## Soak',
    '',
    `${sum(({ tried }) => tried)} turns tried on ${records.length} devices in ${(tookMs / 60_000).toFixed(1)} min: ` +
      `${sum(({ completed }) => completed)} completed, ${sum(({ ended }) => ended)} struck by a fault and ended in time, ` +
      `${sum(({ broken }) => broken)} ended by a limit though nothing struck, ${sum(({ late }) => late)} back too late, ` +
      `${sum(({ stuck }) => stuck)} stuck.`,
    `Hotwords said in vain: ${vain.length === 0 ? 'none' : tally(vain)}. Microphone sound outside of a conversation: ` +
      `${strayBlocks} messages.`,
    `Load average of the machine meanwhile: ${mean(records.flatMap(({ loads }) => loads)).toFixed(1)}.`,
    `How the struck conversations ended: ${tally(records.flatMap(({ strikes }) => strikes.map(({ reason }) => reason)))}.`,
    '',
    ...faultTable(records),
    '',
    'Memory after a collection, from turn 100 on (or in the later half of fewer), the slope with its standard error. Held is the',
    'heap without what V8 keeps about the program (compiled code, feedback for its optimiser, shapes); own memory there is',
    'that before the first look at what is held.',
    '',
    '| device | limits | turns | objects a turn | held, bytes a turn | heap a turn | own memory a turn | heap, own memory | files | children |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...memory,
    '',
    ...(failures.length > 0 ? ['Failures:', '', ...failures, ''] : []),
    ...(leaks.length > 0
      ? [`Memory, files or children grow: devices ${leaks.map(({ device }) => device).join()}`, '']
      : []),
  ];
  return { text: `${lines.join('\n')}\n`, isGood };
}

/** The worst way back of every fault, in a table for short limits and for the program's own. */
function faultTable(records: readonly DeviceRecord[]): string[] {
  const strikes = records.flatMap(({ limits, strikes }) => strikes.map((strike) => ({ ...strike, limits })));
  const keys = [...new Set(strikes.map(({ fault, limits }) => `${fault} ${limits}`))].sort();
  const rows = keys.map((key) => {
    const own = strikes.filter(({ fault, limits }) => `${fault} ${limits}` === key);
    const worst = own.reduce((a, b) => (b.backMs - b.limitMs > a.backMs - a.limitMs ? b : a));
    const [fault, limits] = key.split(' ');
    return `| ${fault} | ${limits} | ${own.length} | ${seconds(worst.backMs)} (${worst.at}) | ${seconds(worst.limitMs)} |`;
  });
  return [
    `Worst way back to listening of each fault (the one nearest to its limit; each limit with what a busy machine may add):`,
    '',
    '| fault | limits | times | s | limit, s |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ];
}

function memoryRow({ device, limits, tried, vitals }: DeviceRecord): string {
  const counted = steady(vitals);
  const last = vitals.at(-1);
  const before = vitals.findLast(({ turn }) => turn <= WARM_UP_TURNS) ?? last;
  const text = (slope: Slope | undefined, unit: number) =>
    slope ? `${(slope.slope / unit).toFixed(2)} ± ${(slope.error / unit).toFixed(2)}` : 'too few';
  const range = (of: (vitals: Vitals) => number) => {
    const values = counted.map(of);
    return values.length === 0 ? '' : `${Math.min(...values)} to ${Math.max(...values)}`;
  };
  const sizes = last && before ? `${mebibytes(last.heapBytes)}, ${mebibytes(before.ownBytes)} MiB` : '';
  return (
    `| ${device} | ${limits} | ${tried} | ${text(slopeOf(counted, 'objects'), 1)} | ` +
    `${text(slopeOf(counted, 'heldBytes'), 1)} | ${text(slopeOf(counted, 'heapBytes'), 1_024)} KiB | ` +
    `${text(slopeOf(counted, 'ownBytes'), 1_024)} KiB | ${sizes} | ` +
    `${range(({ files }) => files)} | ${range(({ children }) => children)} |`
  );
}

/** How something grows a turn; undefined where it was seen too seldom to tell. */
function slopeOf(vitals: readonly Vitals[], what: 'objects' | 'heldBytes' | 'heapBytes' | 'ownBytes') {
  const points = vitals.flatMap((each) => (each[what] === undefined ? [] : [[each.turn, each[what]] as const]));
  return points.length < SAMPLES_MIN ? undefined : fit(points);
}

/** Growth that is no scatter, or files and processes at the end that were not there in the middle. */
function isLeaking(vitals: readonly Vitals[]): boolean {
  const counted = steady(vitals);
  const [first, last] = [counted[0], counted.at(-1)];
  if (!first || !last) return false;
  if (last.files > Math.max(...counted.slice(0, -1).map(({ files }) => files))) return true;
  if (last.children > Math.min(...counted.map(({ children }) => children))) return true;
  const exceeds = (slope: Slope | undefined, limit: number) => slope && slope.slope - 2 * slope.error > limit;
  return (
    exceeds(slopeOf(counted, 'objects'), GROWTH_OBJECTS) === true ||
    exceeds(slopeOf(counted, 'heldBytes'), GROWTH_BYTES) === true
  );
}

/** What counts for memory: after the first 100 turns, or the later half of fewer. */
function steady(vitals: readonly Vitals[]): readonly Vitals[] {
  const last = vitals.at(-1)?.turn ?? 0;
  const from = Math.min(WARM_UP_TURNS, last / 2);
  return vitals.filter(({ turn }) => turn > from);
}

function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
