/** Where in a conversation a fault strikes. */
export type Point = 'listening' | 'userTurn' | 'reply' | 'draining';

/** One conversation of the soak: some good turns, and then one with a fault, or one more good one. */
export interface ConversationPlan {
  /** Turns that nothing disturbs. */
  goodTurns: number;
  /** What strikes, and where; in the person's last turn, or before the hotword at `listening`. */
  strike: { fault: string; at: Point } | undefined;
}

/** What a plan is made from; the same options make the same plan. */
export interface PlanOptions {
  seed: number;
  /** Turns in all: every good turn and every one with a fault. */
  turns: number;
  /** Each fault with the points at which it can strike. */
  faults: Readonly<Record<string, readonly Point[]>>;
}

const FAULT_SHARE = 0.8;
const GOOD_TURNS_MAX = 2;

/** Numbers from 0 up to 1, the same for the same seed (mulberry32, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of several, by chance. Throws RangeError where there is none. */
export function oneOf<T>(choices: readonly T[], random: () => number): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new RangeError('oneOf: nothing to choose from');
  return choice;
}

/** Conversations with so many turns in all. Every fault comes once before any comes again. */
export function makePlan({ seed, turns, faults }: PlanOptions): ConversationPlan[] {
  const random = seededRandom(seed);
  const plan: ConversationPlan[] = [];
  let waiting: string[] = [];
  for (let left = turns; left > 0; ) {
    const isStruck = random() < FAULT_SHARE;
    const goodTurns = Math.min(left - 1, Math.floor(random() * (GOOD_TURNS_MAX + 1)));
    if (waiting.length === 0) waiting = shuffled(Object.keys(faults), random);
    const fault = isStruck ? waiting.pop() : undefined;
    const strike = fault === undefined ? undefined : { fault, at: oneOf(faults[fault] ?? [], random) };
    plan.push({ goodTurns, strike });
    left -= goodTurns + 1;
  }
  return plan;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
