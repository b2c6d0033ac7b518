/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export type Random = () => number;

/** A source of chance that begins at a text. */
export function randomOf(seed: string): Random {
  let state = 0;
  for (const character of seed) state = (Math.imul(state, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The elements in another order. */
export function shuffled<T>(elements: readonly T[], random: Random): T[] {
  const keyed = elements.map((element) => ({ element, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ element }) => element);
}

/** A number of the standard normal distribution (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
