/**
 * The candidate that was probably meant: the only one that begins with the word, else the only one with the same last
 * part (`url` for `server.url`), else the one within the fewest typing mistakes, if few enough to be worth a guess.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates];
  const end = `.${word.slice(word.lastIndexOf('.') + 1)}`;
  for (const isMeant of [(text: string) => text.startsWith(word), (text: string) => text.endsWith(end)]) {
    const meant = all.filter(isMeant);
    if (word !== '' && meant.length === 1) return meant[0];
  }
  let best: string | undefined;
  let fewest = (word.length < 5 ? 1 : Math.max(2, Math.floor(word.length / 4))) + 1;
  for (const candidate of all) {
    const mistakes = mistakesBetween(word.toLowerCase(), candidate.toLowerCase());
    if (mistakes < fewest) [best, fewest] = [candidate, mistakes];
  }
  return best;
}

/** "; did you mean X?", or nothing when there is no good guess. */
export function hint(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

/** Letters added, left out, replaced, or two neighbours swapped (optimal string alignment). */
function mistakesBetween(a: string, b: string): number {
  let twoBack: number[] = [];
  let back = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min(at(back, j) + 1, at(row, j - 1) + 1, at(back, j - 1) + (isSame ? 0 : 1));
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) cost = Math.min(cost, at(twoBack, j - 2) + 1);
      row.push(cost);
    }
    [twoBack, back] = [back, row];
  }
  return at(back, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
