import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { initialTransition, transition } from 'xstate';
import type { BargeIn, SessionContext, SessionLimits } from '../../../src/session/events.js';
import { nameOfState } from '../../../src/session/words.js';
import { type ModelEvent, SECOND } from './events.js';
import { checkStep } from './rules.js';
import { BrokenPromise, FIRST_WORLD, happen, type Ordered, obey, pass, type World } from './world.js';

/** A delayed word of the machine to itself; of those that are due together the one set first comes first. */
interface Alarm {
  id: string;
  event: { type: string };
  inS: number;
}

/** The machine, its alarms and the world around it, at one moment. */
export interface ModelState {
  status: 'active';
  output: undefined;
  error: undefined;
  machine: Position;
  alarms: readonly Alarm[];
  world: World;
  /** The promise that the step to here has broken. */
  broken: BrokenPromise | undefined;
  /** All of it that makes a difference for what can come, as text. */
  key: string;
}

/** One way to configure the machine. All durations are whole seconds. */
export interface Variant {
  limits: SessionLimits;
  bargeIn: BargeIn;
}

/** Where the machine stands; one stands for all that differ only in the count of turns. */
interface Position {
  snapshot: AnyMachineSnapshot;
  context: SessionContext;
  /** The state's name. */
  name: string;
  /** All of the snapshot that makes a difference, as text. */
  key: string;
  answers: Map<object, Result>;
}

interface Result {
  next: Position;
  turns: number;
  actions: readonly { type: string; params: unknown }[];
}

const SECOND_MS = 1_000;

/**
 * The machine under a clock of whole seconds, in a world that remembers what it was ordered: a logic for the graph
 * functions of XState. What the machine answers is remembered, so that each answer is computed once.
 */
export class Model {
  /** The names of the transitions that were taken. */
  readonly taken = new Set<string>();
  readonly #machine: AnyStateMachine;
  readonly #variant: Variant;
  #isBroken = false;
  readonly #positions = new Map<string, Position>();
  readonly #innerEvents = new Map<string, { type: string }>();

  constructor(machine: AnyStateMachine, variant: Variant) {
    this.#machine = machine;
    this.#variant = variant;
  }

  getInitialSnapshot = (): ModelState => {
    const [machine, actions] = initialTransition(this.#machine, this.#variant) as [AnyMachineSnapshot, []];
    return stateOf(this.#position(machine), this.#carryOut({ alarms: [], world: FIRST_WORLD }, actions, []));
  };

  transition = (state: ModelState, event: ModelEvent): ModelState => {
    try {
      return event.type === SECOND.type ? this.#pass(state) : this.#tell(state, event);
    } catch (error) {
      if (!(error instanceof BrokenPromise)) throw error;
      this.#isBroken = true;
      return { ...state, broken: error, key: error.message };
    }
  };

  /** True once some step has broken a promise. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  #pass(state: ModelState): ModelState {
    const { limits } = this.#variant;
    const world = pass(state.world, { quietS: seconds(limits.idleLimitMs), stalledS: seconds(limits.replyStallMs) });
    const alarms = state.alarms.map((alarm) => ({ ...alarm, inS: alarm.inS - 1 }));
    let now = stateOf(state.machine, { world, alarms });
    for (;;) {
      const due = now.alarms.find(({ inS }) => inS <= 0);
      if (!due) return now;
      const rest = now.alarms.filter((alarm) => alarm !== due);
      now = this.#tell(stateOf(now.machine, { world: now.world, alarms: rest }), due.event);
    }
  }

  /** One event for the machine, and its orders carried out. */
  #tell(state: ModelState, event: { type: string }): ModelState {
    const { next, turns, actions } = this.#answer(state.machine, event);
    const orders: Ordered[] = [];
    const happened = { alarms: state.alarms, world: happen(state.world, event) };
    const carriedOut = this.#carryOut(happened, actions, orders);
    const { limits, bargeIn } = this.#variant;
    const to = next.name;
    const after = settle(carriedOut.world, to);
    checkStep(
      {
        event,
        from: state.machine.name,
        to,
        before: state.world,
        after,
        context: next.context,
        turns,
        orders,
      },
      { quietS: seconds(limits.idleLimitMs), stalledS: seconds(limits.replyStallMs), bargeIn },
    );
    const isSame = next === state.machine && carriedOut.alarms === state.alarms && after === state.world;
    return isSame ? state : stateOf(next, { alarms: carriedOut.alarms, world: after });
  }

  #answer(position: Position, event: { type: string }): Result {
    const known = position.answers.get(event);
    if (known) return known;
    const { snapshot } = position;
    const [next, actions] = transition(this.#machine, snapshot as never, event as never) as [AnyMachineSnapshot, []];
    const answer = { next: this.#position(next), turns: next.context.turn - position.context.turn, actions };
    position.answers.set(event, answer);
    return answer;
  }

  #position(snapshot: AnyMachineSnapshot): Position {
    const context = snapshot.context as SessionContext;
    const { limits: _limits, bargeIn: _bargeIn, turn: _turn, ...rest } = context;
    const name = nameOfState(snapshot);
    const key = `${name} ${Object.values(rest).join()}`;
    const position = this.#positions.get(key) ?? { snapshot, context, name, key, answers: new Map() };
    this.#positions.set(key, position);
    return position;
  }

  /** One object stands for all events of a kind that the machine tells itself; they carry nothing. */
  #inner(event: { type: string }): { type: string } {
    const one = this.#innerEvents.get(event.type) ?? event;
    this.#innerEvents.set(event.type, one);
    return one;
  }

  #carryOut(
    from: Pick<ModelState, 'alarms' | 'world'>,
    actions: Result['actions'],
    orders: Ordered[],
  ): Pick<ModelState, 'alarms' | 'world'> {
    let { alarms, world } = from;
    for (const { type, params } of actions) {
      if (type === 'xstate.raise') {
        const { id, event, delay } = params as { id: string; event: { type: string }; delay?: number };
        // Without a delay it was taken within this very step.
        if (delay === undefined) continue;
        alarms = [...alarms.filter((alarm) => alarm.id !== id), { id, event: this.#inner(event), inS: seconds(delay) }];
      } else if (type === 'xstate.cancel') {
        const { sendId } = params as { sendId: string };
        if (alarms.some(({ id }) => id === sendId)) alarms = alarms.filter(({ id }) => id !== sendId);
      } else if (type === 'taken') {
        this.taken.add((params as { name: string }).name);
      } else {
        const order = { type, params } as Ordered;
        orders.push(order);
        world = obey(world, order);
      }
    }
    return { alarms: alarms === from.alarms ? alarms : alarms.toSorted((a, b) => a.inS - b.inS), world };
  }
}

/** What is over in a state is forgotten: an unanswered request, a session that the server ended, counts of another state. */
function settle(world: World, state: string): World {
  const isAnswered = ['listening', 'idle', 'announcement'].includes(state);
  const isOver = world.session === 'over' && !state.startsWith('activeSession.');
  const isAsked = world.isAsked && !isAnswered;
  const session = isOver ? 'none' : world.session;
  const quietS = state === 'activeSession.userTurn' ? world.quietS : 0;
  const stalledS = state === 'activeSession.reply' ? world.stalledS : 0;
  const isSame =
    isAsked === world.isAsked && session === world.session && quietS === world.quietS && stalledS === world.stalledS;
  return isSame ? world : { ...world, isAsked, session, quietS, stalledS };
}

function stateOf(machine: Position, { alarms, world }: Pick<ModelState, 'alarms' | 'world'>): ModelState {
  const due = alarms.map(({ id, inS }) => `${id}=${inS}`).join();
  const key = `${machine.key} ${due} ${Object.values(world).join()}`;
  return { status: 'active', output: undefined, error: undefined, machine, alarms, world, broken: undefined, key };
}

function seconds(ms: number): number {
  const s = ms / SECOND_MS;
  if (!Number.isInteger(s)) throw new Error(`a delay of ${ms} ms is no whole number of the model's seconds`);
  return s;
}
