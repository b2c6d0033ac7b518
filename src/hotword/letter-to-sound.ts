/** Spelling → phones, the longest spelling first; "" is silent. English as most foreign names and made-up words are read. */
const RULES: readonly (readonly [spelling: string, phones: string])[] = [
  ['tion', 'SH AH N'],
  ['igh', 'AY'],
  ['arr', 'AE R'],
  ['err', 'EH R'],
  ['irr', 'IH R'],
  ['orr', 'AO R'],
  ['urr', 'ER'],
  ['tch', 'CH'],
  ['sch', 'SH'],
  ['ch', 'CH'],
  ['sh', 'SH'],
  ['th', 'TH'],
  ['ph', 'F'],
  ['wh', 'W'],
  ['gh', 'G'],
  ['ck', 'K'],
  ['qu', 'K W'],
  ['ng', 'NG'],
  ['ee', 'IY'],
  ['ea', 'IY'],
  ['ie', 'IY'],
  ['oo', 'UW'],
  ['ou', 'AW'],
  ['ow', 'OW'],
  ['oi', 'OY'],
  ['oy', 'OY'],
  ['ai', 'EY'],
  ['ay', 'EY'],
  ['ei', 'EY'],
  ['ey', 'IY'],
  ['au', 'AO'],
  ['aw', 'AO'],
  ['ar', 'AA R'],
  ['or', 'AO R'],
  ['er', 'ER'],
  ['ir', 'ER'],
  ['ur', 'ER'],
  ['ce', 'S EH'],
  ['ci', 'S IH'],
  ['cy', 'S IY'],
  ['a', 'AE'],
  ['b', 'B'],
  ['c', 'K'],
  ['d', 'D'],
  ['e', 'EH'],
  ['f', 'F'],
  ['g', 'G'],
  ['h', 'HH'],
  ['i', 'IH'],
  ['j', 'JH'],
  ['k', 'K'],
  ['l', 'L'],
  ['m', 'M'],
  ['n', 'N'],
  ['o', 'OW'],
  ['p', 'P'],
  ['q', 'K'],
  ['r', 'R'],
  ['s', 'S'],
  ['t', 'T'],
  ['u', 'AH'],
  ['v', 'V'],
  ['w', 'W'],
  ['x', 'K S'],
  ['y', 'IY'],
  ['z', 'Z'],
];

/** A vowel before one consonant and a last e says its name. */
const LONG: ReadonlyMap<string, string> = new Map([
  ['a', 'EY'],
  ['e', 'IY'],
  ['i', 'AY'],
  ['o', 'OW'],
  ['u', 'UW'],
]);

/**
 * Guesses how a word is said from its letters, in phones of the CMU dictionary separated by blanks. Undefined for a word
 * with anything but the letters a to z, and for one without a, e, i, o or u.
 */
export function guessPronunciation(word: string): string | undefined {
  if (!/^[a-z]+$/.test(word) || !/[aeiou]/.test(word)) return undefined;
  const phones: string[] = [];
  for (let at = 0; at < word.length; ) {
    const rest = word.slice(at);
    const long = /^[aeiou][^aeiouwxy]e$/.test(rest) ? LONG.get(rest[0] ?? '') : undefined;
    const [spelling, sound] = long ? [rest[0] ?? '', long] : ruleFor(rest, at);
    if (sound !== '') phones.push(sound);
    at += spelling.length;
  }
  return phones.join(' ');
}

function ruleFor(rest: string, at: number): readonly [spelling: string, phones: string] {
  // A last e is silent, but not in a word that has no other vowel before it.
  if (rest === 'e' && at > 2) return ['e', ''];
  // One sound for a doubled consonant.
  if (/^([b-df-hj-np-tv-z])\1/.test(rest)) return [rest.slice(0, 2), soundOf(rest[0] ?? '')];
  const rule = RULES.find(([spelling]) => rest.startsWith(spelling));
  return rule ?? [rest.slice(0, 1), ''];
}

function soundOf(letter: string): string {
  return RULES.find(([spelling]) => spelling === letter)?.[1] ?? '';
}
