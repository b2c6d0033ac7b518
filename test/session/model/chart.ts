import { type AnyStateMachine, createMachine } from 'xstate';
import { sessionMachine } from '../../../src/session/machine.js';

/** One way out of a state, as the machine's configuration has it. */
export interface ChartTransition {
  target?: string;
  guard?: unknown;
  actions: unknown[];
}

/** One state of the machine's configuration, every transition written out. */
export interface ChartState {
  id?: string;
  initial?: string;
  entry: unknown[];
  exit: unknown[];
  on: Record<string, ChartTransition[]>;
  after: Record<string, ChartTransition[]>;
  always: ChartTransition[];
  states: Record<string, ChartState>;
  [other: string]: unknown;
}

/** The session machine's configuration as a copy that may be changed at will. */
export function chartOf(machine: AnyStateMachine = sessionMachine): ChartState {
  return copyState(machine.config as Partial<ChartState>);
}

function copyState(state: Partial<ChartState>): ChartState {
  return {
    ...state,
    entry: listOf(state.entry),
    exit: listOf(state.exit),
    on: mapValues(state.on ?? {}, copyTransitions),
    after: mapValues(state.after ?? {}, copyTransitions),
    always: copyTransitions(state.always),
    states: mapValues(state.states ?? {}, copyState),
  };
}

function copyTransitions(given: unknown): ChartTransition[] {
  return listOf(given).map((one) => {
    if (typeof one === 'string') return { target: one, actions: [] };
    const { actions, ...rest } = one as ChartTransition;
    return { ...rest, actions: listOf(actions) };
  });
}

function listOf<T>(given: T | readonly T[] | undefined): T[] {
  if (given === undefined) return [];
  return Array.isArray(given) ? [...given] : [given as T];
}

function mapValues<V, W>(record: Record<string, V>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** A transition of the chart with its place: `activeSession.reply: server.replyEnded`, `… [1]` for a second choice. */
export interface NamedTransition {
  name: string;
  /** The state that has it, as a path; empty for the root. */
  source: string;
  /** The event, or `after DELAY`, or `always`. */
  trigger: string;
  transition: ChartTransition;
  /** The list the transition stands in. */
  siblings: ChartTransition[];
}

/** Every transition of a chart, the root's first. */
export function transitionsOf(state: ChartState, source = ''): NamedTransition[] {
  const own = [
    ...Object.entries(state.on),
    ...Object.entries(state.after).map(([delay, list]) => [`after ${delay}`, list] as const),
    ['always', state.always] as const,
  ].flatMap(([trigger, siblings]) =>
    siblings.map((transition, index) => ({
      name: `${source || 'anywhere'}: ${trigger}${index > 0 ? ` [${index}]` : ''}`,
      source,
      trigger,
      transition,
      siblings,
    })),
  );
  const inner = Object.entries(state.states).flatMap(([name, child]) =>
    transitionsOf(child, source ? `${source}.${name}` : name),
  );
  return [...own, ...inner];
}

/** The names of the states that have no states inside, as paths. */
export function leavesOf(state: ChartState, path = ''): string[] {
  const children = Object.entries(state.states);
  if (children.length === 0) return [path];
  return children.flatMap(([name, child]) => leavesOf(child, path ? `${path}.${name}` : name));
}

/** The state at a path such as `activeSession.reply`; the whole chart at the empty one. Throws where there is none. */
export function stateAt(chart: ChartState, path: string): ChartState {
  if (path === '') return chart;
  return path.split('.').reduce((state, name) => {
    const child = state.states[name];
    if (!child) throw new Error(`the chart has no state ${path}`);
    return child;
  }, chart);
}

/** A machine of a chart, with the guards, delays and actions of the session machine; each transition tells that it was taken. */
export function machineOf(chart: ChartState): AnyStateMachine {
  const told = copyState(chart);
  for (const { name, transition } of transitionsOf(told)) {
    transition.actions.unshift({ type: 'taken', params: { name } });
  }
  const implementations = {
    ...sessionMachine.implementations,
    actions: { ...sessionMachine.implementations.actions, taken: () => {} },
  };
  return createMachine(told as never, implementations as never);
}
