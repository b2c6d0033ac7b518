import type { AnyStateMachine } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { type ModelEvent, OUTER_EVENTS, SECOND, textOf } from './events.js';
import { Model, type ModelState, type Variant } from './logic.js';

/** Replies that may wait for their completion at once: the bound of the search. */
const REPLIES_DUE_MAX = 3;

const ALL: readonly ModelEvent[] = [...OUTER_EVENTS, SECOND];
const TEXTS = new Map(ALL.map((event) => [event, textOf(event)]));

/** What a search through everything that can happen has found. */
export interface Findings {
  /** How many different situations there are, and how many events were tried in them. */
  situations: number;
  steps: number;
  /** The names of the states that were entered, and of the transitions that were taken. */
  states: Set<string>;
  taken: Set<string>;
  /** The first promise that is not kept, with the shortest way there. */
  broken: { rule: string; story: string } | undefined;
}

interface Situation {
  state: ModelState;
  name: string;
  edges: { event: ModelEvent; to: string }[];
}

/** Tries every event in every situation that can come about, and a second of time. */
export function explore(machine: AnyStateMachine, variant: Variant): Findings {
  const model = new Model(machine, variant);
  const map = getAdjacencyMap(model as never, {
    events: (() => (model.isBroken ? [] : ALL)) as never,
    serializeState: ((state: ModelState) => state.key) as never,
    serializeEvent: ((event: ModelEvent) => TEXTS.get(event)) as never,
    filterEvents: ((state: ModelState, event: ModelEvent) =>
      event.type !== 'server.replyStarted' || state.world.owed < REPLIES_DUE_MAX) as never,
    stopWhen: ((state: ModelState) => state.broken !== undefined) as never,
  }) as unknown as Record<
    string,
    { state: ModelState; transitions: Record<string, { event: ModelEvent; state: ModelState }> }
  >;
  const situations = new Map<string, Situation>();
  for (const [key, { state, transitions }] of Object.entries(map)) {
    const edges = Object.values(transitions).map(({ event, state: next }) => ({ event, to: next.key }));
    situations.set(key, { state, name: state.machine.name, edges });
  }
  const all = [...situations.values()];
  return {
    situations: all.length,
    steps: all.reduce((sum, { edges }) => sum + edges.length, 0),
    states: new Set(all.map(({ name }) => name)),
    taken: model.taken,
    broken: brokenByStep(situations) ?? brokenByTime(situations, variant) ?? endless(situations),
  };
}

type Broken = Findings['broken'];

function brokenByStep(situations: Map<string, Situation>): Broken {
  for (const [key, { state }] of situations) {
    if (state.broken) return { rule: state.broken.rule, story: `${state.broken.message}\n${wayTo(situations, key)}` };
  }
  return undefined;
}

/** The longest that a state may last when nothing but time happens; seconds. Undefined where it may last for ever. */
function limitOf({ name, state }: Situation, { limits }: Variant): number | undefined {
  const { connectGraceMs, turnLimitMs, idleLimitMs, replyLimitMs, replyStallMs, drainLimitMs } = limits;
  const byState: Record<string, number> = {
    hotwordDetected: connectGraceMs,
    announcement: drainLimitMs,
    'activeSession.userTurn': Math.min(turnLimitMs, idleLimitMs),
    'activeSession.reply': state.world.isHeld ? replyLimitMs : Math.min(replyLimitMs, replyStallMs),
    'activeSession.draining': drainLimitMs,
  };
  const limitMs = byState[name];
  return limitMs === undefined ? undefined : limitMs / 1_000;
}

const RESTS: readonly string[] = ['idle', 'listening'];

/** From everywhere, time alone leads back within the stated limits, and opens the microphone in the person's turn. */
function brokenByTime(situations: Map<string, Situation>, variant: Variant): Broken {
  const settleS = variant.limits.settleMs / 1_000;
  for (const [key, situation] of situations) {
    const { name, state } = situation;
    const limitS = limitOf(situation, variant);
    const later = (seconds: number) => afterTime(situations, key, seconds);
    const isStuck = limitS === undefined ? !RESTS.includes(name) : later(limitS).name === name;
    if (isStuck)
      return { rule: 'time leads back', story: `still ${name} after ${limitS} s\n${wayTo(situations, key)}` };
    if (name !== 'activeSession.userTurn' || state.world.route === 'server') continue;
    const settled = later(settleS);
    if (settled.name === name && settled.state.world.route !== 'server')
      return { rule: 'the microphone opens', story: `not within ${settleS} s\n${wayTo(situations, key)}` };
  }
  return undefined;
}

function afterTime(situations: Map<string, Situation>, from: string, seconds: number): Situation {
  let here = get(situations, from);
  for (let s = 0; s < seconds; s++) {
    const edge = here.edges.find(({ event }) => event.type === SECOND.type);
    if (edge) here = get(situations, edge.to);
  }
  return here;
}

/** Stretches of a conversation that must end whatever is done about them. */
const BOUNDED: Readonly<Record<string, (situation: Situation) => boolean>> = {
  hotwordDetected: ({ name }) => name === 'hotwordDetected',
  announcement: ({ name }) => name === 'announcement',
  'activeSession.userTurn': ({ name }) => name === 'activeSession.userTurn',
  // A pause in which the microphone does not open is none for the person.
  'a reply': ({ name, state }) => name.startsWith('activeSession.') && state.world.route === 'gate',
};

/** Whatever happens, no stretch lasts for ever: within one there is no way back to a situation that takes time. */
function endless(situations: Map<string, Situation>): Broken {
  for (const [stretch, isWithin] of Object.entries(BOUNDED)) {
    const inside = new Map([...situations].filter(([, situation]) => isWithin(situation)));
    const timed = [...inside].flatMap(([key, { edges }]) =>
      edges.filter(({ event, to }) => event.type === SECOND.type && inside.has(to)).map(({ to }) => ({ key, to })),
    );
    const component = components(inside);
    const loop = timed.find(({ key, to }) => component.get(key) === component.get(to));
    if (loop) {
      const story = `${stretch} can be made to last for ever\n${wayTo(situations, loop.key)}`;
      return { rule: 'nothing lasts for ever', story };
    }
  }
  return undefined;
}

/** The strongly connected components, each node with the number of its own (Kosaraju). */
function components(graph: Map<string, Situation>): Map<string, number> {
  const backwards = new Map<string, string[]>([...graph.keys()].map((key) => [key, []]));
  const forwards = (key: string) => get(graph, key).edges.flatMap(({ to }) => (graph.has(to) ? [to] : []));
  for (const key of graph.keys()) for (const to of forwards(key)) backwards.get(to)?.push(key);
  const seen = new Set<string>();
  const finished: string[] = [];
  for (const key of graph.keys()) walk(key, forwards, seen, finished);
  const component = new Map<string, number>();
  const assigned = new Set<string>();
  for (const [number, key] of finished.toReversed().entries()) {
    const members: string[] = [];
    walk(key, (one) => backwards.get(one) ?? [], assigned, members);
    for (const member of members) component.set(member, number);
  }
  return component;
}

/** Depth first, without recursion; `finished` gets each node after all that can be reached from it. */
function walk(start: string, next: (key: string) => string[], seen: Set<string>, finished: string[]): void {
  if (seen.has(start)) return;
  seen.add(start);
  const stack = [{ key: start, rest: next(start) }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const to = top.rest.pop();
    if (to === undefined) {
      finished.push(top.key);
      stack.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      stack.push({ key: to, rest: next(to) });
    }
  }
}

/** The shortest way from the start to a situation, one event a line. */
function wayTo(situations: Map<string, Situation>, target: string): string {
  const first = situations.keys().next().value ?? '';
  const cameFrom = new Map<string, { key: string; event: ModelEvent }>();
  const queue = [first];
  const seen = new Set(queue);
  for (const key of queue) {
    if (key === target) break;
    for (const { event, to } of get(situations, key).edges) {
      if (seen.has(to)) continue;
      seen.add(to);
      cameFrom.set(to, { key, event });
      queue.push(to);
    }
  }
  const lines: string[] = [];
  for (let step = cameFrom.get(target); step; step = cameFrom.get(step.key)) {
    lines.unshift(`  in ${get(situations, step.key).name}: ${textOf(step.event)}`);
  }
  return lines.join('\n');
}

function get(situations: Map<string, Situation>, key: string): Situation {
  const found = situations.get(key);
  if (!found) throw new Error(`the search has lost the situation ${key}`);
  return found;
}
