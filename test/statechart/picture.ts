import { whyOf } from '../../src/session/words.js';
import { type ChartState, stateAt, transitionsOf } from '../session/model/chart.js';
import { BOXES, type Box, ROUTES, type Route, SIZE } from './layout.js';

/** What the machine says to itself, by what makes it say so. */
const INNER: Readonly<Record<string, readonly string[]>> = {
  'reply.over': ['playback.drained'],
  'reply.broken': ['playback.failed', 'xstate.after.drainLimit.'],
};

/** The guards in words. */
const GUARDS: Readonly<Record<string, string>> = {
  isEndedByServer: 'server ended it',
  isOverLimit: 'over reply limit',
  mayInterrupt: 'armed',
  mayInterruptBySpeech: 'speech',
  mayBeginAnew: 'armed, server ended it',
};
/** The same where a guard alone leads on. */
const CONDITIONS: Readonly<Record<string, string>> = { isReady: 'all is ready', isUnready: 'something is missing' };

const STYLE = `
  .card { fill: #ffffff; stroke: #d0d7de }
  .state { fill: #f6f8fa; stroke: #57606a; stroke-width: 1.25 }
  .outer { fill: none; stroke: #57606a; stroke-width: 1.25; stroke-dasharray: 6 4 }
  .arrow { fill: none; stroke: #0969da; stroke-width: 1.5 }
  .head, .dot { fill: #0969da }
  text { font: 12.5px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #424a53 }
  .name { font-size: 15px; font-weight: 600; fill: #1f2328 }
  .what { fill: #59636e; font-style: italic }
  .to { font-weight: 600; fill: #0969da }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d }
    .state { fill: #151b23; stroke: #9198a1 }
    .outer { stroke: #9198a1 }
    .arrow { stroke: #4493f8 }
    .head, .dot, .to { fill: #4493f8 }
    text { fill: #d1d7e0 }
    .name { fill: #f0f6fc }
    .what { fill: #9198a1 }
  }
`;

/** The statechart as an SVG that reads on light and on dark. Throws where the layout does not fit the chart. */
export function statechartSvg(chart: ChartState): string {
  const moves = movesOf(chart);
  const unused = Object.keys(ROUTES).filter((route) => !moves.has(route));
  if (unused.length > 0)
    throw new Error(`test/statechart/layout.ts has routes that nothing takes: ${unused.join(', ')}`);
  const states = Object.entries(BOXES).map(([path, box]) => drawState(path, box, chart, moves));
  const arrows = Object.entries(ROUTES).map(([name, route]) => drawArrow(route, moves.get(name) ?? []));
  const starts = [startOf(chart, ''), startOf(chart, 'activeSession')];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.w} ${SIZE.h}" width="${SIZE.w}" height="${SIZE.h}" role="img">`,
    '<title>The conversation as a statechart</title>',
    `<style>${STYLE}</style>`,
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">',
    '<path class="head" d="M0 1 L10 5 L0 9 z"/></marker></defs>',
    `<rect class="card" x="0.5" y="0.5" width="${SIZE.w - 1}" height="${SIZE.h - 1}" rx="10"/>`,
    ...states,
    ...arrows,
    ...starts,
    '</svg>',
    '',
  ].join('\n');
}

/** What leads from state to state, in words, by `from>to`. */
function movesOf(chart: ChartState): Map<string, string[]> {
  const moves = new Map<string, string[]>();
  for (const { source, trigger, transition } of transitionsOf(chart)) {
    if (transition.target === undefined) continue;
    const to = absolute(source, transition.target);
    for (const path of [source, to])
      if (!BOXES[path]) throw new Error(`test/statechart/layout.ts has no box for ${path}`);
    const key = `${source}>${to}`;
    moves.set(key, [...(moves.get(key) ?? []), ...wordsOf(trigger, transition.guard)]);
  }
  return moves;
}

function absolute(source: string, target: string): string {
  if (target.startsWith('#session.')) return target.slice('#session.'.length);
  return [...source.split('.').slice(0, -1), target].join('.');
}

function wordsOf(trigger: string, guard: unknown): string[] {
  const words = trigger === 'always' ? CONDITIONS : GUARDS;
  const condition = guard === undefined ? undefined : words[String(guard)];
  if (guard !== undefined && condition === undefined)
    throw new Error(`test/statechart/picture.ts has no words for the guard ${String(guard)}`);
  if (trigger === 'always') return [condition ?? 'at once'];
  const type = trigger.startsWith('after ') ? `xstate.after.${trigger.slice(6)}.` : trigger;
  const events = (INNER[type] ?? [type]).map((one) => whyOf({ type: one }));
  return events.map((event) => (condition === undefined ? event : `${event} [${condition}]`));
}

function drawState(path: string, { x, y, w, h }: Box, chart: ChartState, moves: Map<string, string[]>): string {
  const state = stateAt(chart, path);
  const isOuter = Object.keys(state.states).length > 0;
  const lines = [
    text(x + 14, y + 24, 'name', path.split('.').at(-1) ?? ''),
    ...wrap(String(state.description).split(' '), ' ', Math.floor((w - 20) / 7)).map((line, i) =>
      text(x + 14, y + 43 + 17 * i, 'what', line),
    ),
  ];
  let row = y + 43 + 17 * (lines.length - 1) + 4;
  for (const [key, labels] of moves) {
    const [from, to] = key.split('>');
    if (from !== path || ROUTES[key]) continue;
    for (const [i, line] of wrap(labels, ' · ', Math.floor((w - 40) / 7)).entries()) {
      if (i === 0) lines.push(text(x + 14, row, 'to', `→ ${to}`));
      row += 16;
      lines.push(text(x + 28, row, '', line));
    }
    row += 18;
  }
  if (row - 12 > y + h && !isOuter)
    throw new Error(`the box of ${path} is ${row - 12 - y - h} px too low for what is in it`);
  return [
    `<rect class="${isOuter ? 'outer' : 'state'}" data-state="${path}" x="${x}" y="${y}" width="${w}" height="${h}" rx="8"/>`,
    ...lines,
  ].join('\n');
}

function drawArrow({ points, label }: Route, labels: readonly string[]): string {
  const [first, ...rest] = points;
  const path = `M${first?.join(' ')}${rest.map((point) => ` L${point.join(' ')}`).join('')}`;
  const lines = wrap(labels, ' · ', label.lineChars);
  // The label's place is that of its last line over a level arrow, of its first one beside an upright arrow.
  const top = label.anchor === 'middle' ? label.y - 15 * (lines.length - 1) : label.y;
  return [
    `<path class="arrow" d="${path}" marker-end="url(#head)"/>`,
    ...lines.map((line, i) => text(label.x, top + 15 * i, '', line, label.anchor)),
  ].join('\n');
}

/** Where a state with states inside begins. */
function startOf(chart: ChartState, path: string): string {
  const initial = [path, stateAt(chart, path).initial].filter(Boolean).join('.');
  const box = BOXES[initial];
  if (!box) throw new Error(`test/statechart/layout.ts has no box for ${initial}`);
  const x = box.x + box.w - 40;
  const dot = `<circle class="dot" cx="${x}" cy="${box.y - 26}" r="5"/>`;
  return `${dot}\n<path class="arrow" d="M${x} ${box.y - 26} L${x} ${box.y}" marker-end="url(#head)"/>`;
}

/** Joins parts into lines of at most so many characters; a part longer than that is broken before its guard. */
function wrap(parts: readonly string[], glue: string, lineChars: number): string[] {
  const lines: string[] = [];
  const pieces = parts.flatMap((part) => (part.length > lineChars ? part.split(/ (?=\[)/) : [part]));
  for (const part of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + glue.length + part.length <= lineChars)
      lines[lines.length - 1] = last + glue + part;
    else lines.push(part);
  }
  return lines;
}

function text(x: number, y: number, kind: string, content: string, anchor = 'start'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const how = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text${kind ? ` class="${kind}"` : ''} x="${x}" y="${y}"${how}>${escaped}</text>`;
}
