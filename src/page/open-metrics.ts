/** One sample of a metric: its labels, and its value. */
export interface Sample {
  labels?: Readonly<Record<string, string>>;
  value: number;
}

/** What the buckets of a histogram have counted so far. */
export interface Buckets {
  /** Upper bounds, rising, without the last one, which is infinite. */
  bounds: readonly number[];
  /** How many values were at most each bound and above the one before; one more than there are bounds. */
  counts: readonly number[];
  sum: number;
}

/** A metric with everything that is known of it now. Names end in their unit, where they have one. */
export type Metric = { name: string; unit?: string; help: string } & (
  | { type: 'gauge' | 'counter' | 'info'; samples: readonly Sample[] }
  /** One of several states is the present one. */
  | { type: 'stateset'; states: readonly string[]; present: string }
  | { type: 'histogram'; buckets: Buckets }
);

/** As a scraper wants it named. */
export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

const SUFFIX = { gauge: '', counter: '_total', info: '_info' } as const;

/** Metrics as text, as the OpenMetrics specification 1.0 has it. */
export function openMetrics(metrics: readonly Metric[]): string {
  return [...metrics.flatMap(linesOf), '# EOF', ''].join('\n');
}

function linesOf(metric: Metric): string[] {
  const { name, unit, type, help } = metric;
  const head = [
    `# TYPE ${name} ${type}`,
    ...(unit ? [`# UNIT ${name} ${unit}`] : []),
    `# HELP ${name} ${escaped(help)}`,
  ];
  switch (metric.type) {
    case 'stateset':
      return [
        ...head,
        ...metric.states.map((state) => line(name, { [name]: state }, state === metric.present ? 1 : 0)),
      ];
    case 'histogram':
      return [...head, ...histogramLines(name, metric.buckets)];
    default:
      return [...head, ...metric.samples.map(({ labels, value }) => line(name + SUFFIX[metric.type], labels, value))];
  }
}

function histogramLines(name: string, { bounds, counts, sum }: Buckets): string[] {
  let total = 0;
  const lines = counts.map((count, i) => {
    total += count;
    const bound = bounds[i];
    return line(`${name}_bucket`, { le: bound === undefined ? '+Inf' : floatText(bound) }, total);
  });
  return [...lines, line(`${name}_count`, undefined, total), line(`${name}_sum`, undefined, sum)];
}

/** Bounds are floating-point numbers also where they are whole. */
function floatText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function line(name: string, labels: Readonly<Record<string, string>> | undefined, value: number): string {
  const pairs = Object.entries(labels ?? {}).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

/** Counts values by their size. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** `bounds` are the upper bounds of the buckets, rising; one without a bound comes on top. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.#bounds.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  get buckets(): Buckets {
    return { bounds: this.#bounds, counts: this.#counts, sum: this.#sum };
  }
}

/** Counts, by one label. */
export class Counter {
  readonly #label: string;
  readonly #counts: Map<string, number>;

  /** `known` are counted from 0 on, so that a first one is seen as a rise. */
  constructor(label: string, known: readonly string[] = []) {
    this.#label = label;
    this.#counts = new Map(known.map((name) => [name, 0]));
  }

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  get samples(): Sample[] {
    return [...this.#counts].map(([name, value]) => ({ labels: { [this.#label]: name }, value }));
  }
}
