import assert from 'node:assert/strict';

/** One sample as a scraper reads it. */
interface ReadSample {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** One metric family as a scraper reads it. */
export interface ReadFamily {
  name: string;
  type: string;
  unit: string;
  help: string;
  samples: ReadSample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const META = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME})(?: (.*))?$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const NUMBER = /^(?:[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [''],
  counter: ['_total', '_created'],
  info: ['_info'],
  stateset: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
};

/**
 * Reads an exposition as strictly as the OpenMetrics specification 1.0 allows, and throws AssertionError for the first thing
 * that it forbids: the ABNF of lines, one stretch for each family with its metadata first and once, names that end in their
 * unit, the suffixes of each type, no sample twice, counters that are not negative, and the rules of histograms and state sets.
 */
export function readOpenMetrics(text: string): Map<string, ReadFamily> {
  assert.ok(text.endsWith('# EOF\n'), 'the last line is not "# EOF" with a line feed');
  const lines = text.slice(0, -'# EOF\n'.length).split('\n');
  assert.equal(lines.pop(), '', 'the line before # EOF has no line feed');
  const families = new Map<string, ReadFamily>();
  let family: ReadFamily | undefined;
  for (const line of lines) {
    assert.ok(!line.includes('\r') && line !== '', `an empty line or a carriage return: ${JSON.stringify(line)}`);
    if (line.startsWith('#')) family = readMeta(line, family, families);
    else addSample(line, family);
  }
  for (const each of families.values()) checkFamily(each);
  return families;
}

/** The value of the one sample with these labels. Throws AssertionError where there is none. */
export function readValue(
  families: Map<string, ReadFamily>,
  name: string,
  labels: Record<string, string> = {},
): number {
  const samples = [...families.values()].flatMap((family) => family.samples);
  const found = samples.find((sample) => sample.name === name && sameLabels(sample.labels, labels));
  assert.ok(found, `no sample ${name} ${JSON.stringify(labels)}`);
  return found.value;
}

function readMeta(line: string, family: ReadFamily | undefined, families: Map<string, ReadFamily>): ReadFamily {
  const [, what, name = '', value = ''] = META.exec(line) ?? [];
  assert.ok(what, `no metadata: ${line}`);
  if (what === 'TYPE') {
    assert.ok(!families.has(name), `the family ${name} is interrupted, or told twice`);
    assert.ok(value in SUFFIXES, `an unknown type: ${line}`);
    const fresh = { name, type: value, unit: '', help: '', samples: [] };
    families.set(name, fresh);
    return fresh;
  }
  assert.ok(family && family.name === name && family.samples.length === 0, `metadata out of place: ${line}`);
  if (what === 'UNIT') {
    assert.ok(family.unit === '' && name.endsWith(`_${value}`), `the name does not end in its unit: ${line}`);
    family.unit = value;
  } else {
    assert.ok(family.help === '' && /^(?:[^\\"]|\\[n\\"])*$/.test(value), `a wrong help: ${line}`);
    family.help = value;
  }
  return family;
}

function addSample(line: string, family: ReadFamily | undefined): void {
  const [, name = '', labelText = '', number = ''] = SAMPLE.exec(line) ?? [];
  assert.ok(NUMBER.test(number), `no sample: ${line}`);
  const suffixes = SUFFIXES[family?.type ?? ''] ?? [];
  assert.ok(family && suffixes.some((suffix) => name === family.name + suffix), `a sample out of place: ${line}`);
  const labels = readLabels(labelText, line);
  const isTwice = family.samples.some((sample) => sample.name === name && sameLabels(sample.labels, labels));
  assert.ok(!isTwice, `a sample twice: ${line}`);
  const value = Number(number.replace('Inf', 'Infinity'));
  if (family.type === 'counter') assert.ok(value >= 0, `a counter below 0: ${line}`);
  family.samples.push({ name, labels, value });
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [whole = '', name = '', value = ''] = LABEL.exec(rest) ?? [];
    assert.ok(whole !== '' && !(name in labels) && rest !== `${whole},`, `wrong labels: ${line}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function checkFamily({ name, type, samples }: ReadFamily): void {
  assert.ok(!(type === 'counter' && name.endsWith('_total')), `${name}: a counter's family is named without _total`);
  if (type === 'info') assert.ok(samples.every(({ value }) => value === 1));
  if (type === 'stateset') {
    assert.ok(samples.every(({ value, labels }) => (value === 0 || value === 1) && name in labels));
  }
  if (type === 'histogram') checkHistogram(name, samples);
}

function checkHistogram(name: string, samples: readonly ReadSample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => labels.le ?? '');
  assert.ok(
    bounds.every((bound) => bound === '+Inf' || /^-?\d+\.\d+(?:e[+-]\d+)?$/.test(bound)),
    `${name}: ${bounds}`,
  );
  assert.equal(bounds.at(-1), '+Inf', `${name} has no last bucket`);
  for (let i = 1; i < buckets.length; i++) {
    const [before, after] = [buckets[i - 1], buckets[i]];
    assert.ok(
      Number(bounds[i - 1]) < Number((bounds[i] ?? '').replace('+Inf', 'Infinity')),
      `${name}: bounds do not rise`,
    );
    assert.ok((before?.value ?? 0) <= (after?.value ?? 0), `${name}: the counts do not rise`);
  }
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  assert.equal(count, buckets.at(-1)?.value, `${name}_count is not the count of the last bucket`);
  assert.ok((samples.find((sample) => sample.name === `${name}_sum`)?.value ?? -1) >= 0, `${name} has no sum`);
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const text = (labels: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(labels).sort());
  return text(a) === text(b);
}
