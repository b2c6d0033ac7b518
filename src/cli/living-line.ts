import type { Events } from '../log.js';
import { SILENCE_DB } from '../pcm/level.js';

/** What the living line tells of the device. */
export interface DeviceView {
  /** The statechart's state, as in `state.changed`. */
  state: string;
  isMuted: boolean;
  isLinkUp: boolean;
  /** The microphone in dBFS; undefined while nothing comes from it. */
  level: { rmsDb: number; peakDb: number } | undefined;
  /** The best score of the last seconds, on the scale of its threshold; undefined where no phrase came near. */
  score: number | undefined;
  /** That phrase's threshold, or the lowest while there is no score; undefined where the engine has none. */
  threshold: number | undefined;
  /** The turn that was completed last. */
  turn: Events['turn.timing'] | undefined;
}

/** How the line is drawn. */
export interface LineStyle {
  /** Width of the terminal, in characters. */
  columns: number;
  isColoured: boolean;
  /** False: ASCII only. */
  isUnicode: boolean;
}

/** A part of the line. */
interface Part {
  text: string;
  /** Codes of ECMA-48's SGR, such as `32`; undefined: as everything else. */
  colour?: number;
}

const [RED, GREEN, YELLOW, CYAN, GREY] = [31, 32, 33, 36, 90];
const GAP = '  ';
/** What the bar spans: below it is quiet. */
const FLOOR_DB = -60;
/** A threshold below it is one of powers of ten. */
const TINY = 0.001;
const BAR_LENGTHS = { long: 20, middle: 10, short: 6 };

/**
 * One line that tells how the device is, at most `columns - 1` characters wide: the last column would make some terminals
 * begin a new line. What matters least is shortened, then left out, where the terminal is narrow.
 */
export function livingLine(view: DeviceView, style: LineStyle): string {
  const { long, middle, short } = BAR_LENGTHS;
  const state = statePart(view, style);
  const link: Part = view.isLinkUp ? { text: 'link up' } : { text: 'link down', colour: RED };
  const bar = (length: number) => ({ text: `mic ${barOf(view.level, length, style)} ${decibels(view.level)}` });
  const turn = turnParts(view.turn);
  const choices: Part[][] = [
    [state, link, bar(long), ...scoreParts(view, true), ...turn.long],
    [state, link, bar(middle), ...scoreParts(view, true), ...turn.long],
    [state, link, bar(middle), ...scoreParts(view, true), ...turn.short],
    [state, link, bar(middle), ...scoreParts(view, false), ...turn.short],
    [state, link, bar(middle), ...scoreParts(view, false)],
    [state, link, bar(short)],
    [state, { text: barOf(view.level, short, style) }],
    [state],
  ];
  const room = Math.max(0, style.columns - 1);
  const parts = choices.find((choice) => widthOf(choice) <= room) ?? [
    { ...state, text: [...state.text].slice(0, room).join('') },
  ];
  return parts.map((part) => paint(part, style)).join(GAP);
}

function statePart({ state, isMuted }: DeviceView, { isUnicode }: LineStyle): Part {
  const name = isMuted ? 'muted' : (state.split('.').at(-1) ?? state);
  const colour = isMuted ? RED : name === 'listening' ? GREEN : name === 'idle' ? YELLOW : CYAN;
  return { text: `${isUnicode ? '●' : '*'} ${name}`, colour };
}

/** The level as a bar, with a mark where the peak is. */
function barOf(level: DeviceView['level'], length: number, { isUnicode }: LineStyle): string {
  const [full, mark, empty] = isUnicode ? ['█', '┃', '·'] : ['#', '|', '.'];
  const filled = level ? stepOf(level.rmsDb, length) : 0;
  const peak = level ? stepOf(level.peakDb, length) : 0;
  return Array.from({ length }, (_, i) => (i < filled ? full : i === peak - 1 ? mark : empty)).join('');
}

function stepOf(db: number, length: number): number {
  const part = (db - FLOOR_DB) / -FLOOR_DB;
  return Math.round(Math.min(1, Math.max(0, part)) * length);
}

function decibels(level: DeviceView['level']): string {
  if (!level) return '   off';
  return `${level.rmsDb <= SILENCE_DB ? '-inf' : String(Math.round(level.rmsDb))} dB`.padStart(6);
}

function scoreParts({ score, threshold }: DeviceView, isLong: boolean): Part[] {
  if (score === undefined && threshold === undefined) return [];
  const isTiny = threshold !== undefined && threshold < TINY;
  const shown = isTiny ? score?.toExponential(0).replace('e+', 'e') : score?.toFixed(2);
  const text = `hotword ${shown ?? '-.--'}`;
  return [{ text: isLong && threshold !== undefined ? `${text} (threshold ${threshold})` : text }];
}

function turnParts(turn: DeviceView['turn']): { long: Part[]; short: Part[] } {
  if (!turn) return { long: [], short: [] };
  const [out, reply, sound] = [turn.firstByteOutMs, turn.replyAfterMs, turn.firstSampleMs].map(Math.round);
  return {
    long: [{ text: `turn ${turn.turn}: out ${out} ms, reply ${reply} ms, sound ${sound} ms`, colour: GREY }],
    short: [{ text: `turn ${out}/${reply}/${sound} ms`, colour: GREY }],
  };
}

function widthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { text }) => sum + [...text].length, (parts.length - 1) * GAP.length);
}

function paint({ text, colour }: Part, { isColoured }: LineStyle): string {
  return isColoured && colour !== undefined ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
