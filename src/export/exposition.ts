/**
 * Current figures as text: OpenMetrics, or the older format of Prometheus, which has no units and no end, and
 * other names of counters. Source: the OpenMetrics 1.0 specification; "Exposition formats" of Prometheus.
 */
import type { ExposedFamily } from './exporter-names.ts';

/** The formats of documents. */
export type ExpositionFormat = 'openmetrics' | 'text';

/** The figures of one family: thousands of objects would be most of the garbage of a scrape. */
export interface Samples {
  /** As `formatLabels` returns them; empty for none. */
  readonly labels: string[];
  /** In the unit of the family, in the same order; may be infinite. */
  readonly values: number[];
}

/** The figures of a document by family; families without any are left out. */
export class FigureSet {
  readonly #samples = new Map<ExposedFamily, Samples>();
  #size = 0;
  #refused = 0;
  /** More figures than this are refused. */
  max = Number.POSITIVE_INFINITY;

  /** The number of figures. */
  get size(): number {
    return this.#size;
  }

  /** The number of figures that were refused. */
  get refused(): number {
    return this.#refused;
  }

  /** Adds a figure, unless it is not known. */
  add(family: ExposedFamily, labels: string, value: number | undefined): void {
    if (value === undefined || Number.isNaN(value)) return;
    if (this.#size >= this.max) {
      this.#refused += 1;
      return;
    }
    let samples = this.#samples.get(family);
    if (samples === undefined) {
      samples = { labels: [], values: [] };
      this.#samples.set(family, samples);
    }
    samples.labels.push(labels);
    samples.values.push(value);
    this.#size += 1;
  }

  /** In the order of `families`. */
  *entries(families: Iterable<ExposedFamily>): Generator<[ExposedFamily, Samples]> {
    for (const family of families) {
      const samples = this.#samples.get(family);
      if (samples !== undefined) yield [family, samples];
    }
  }
}

/** A document; `comments` are only possible in the older format. */
export function renderExposition(
  figures: FigureSet,
  families: Iterable<ExposedFamily>,
  format: ExpositionFormat,
  comments: readonly string[] = [],
): string {
  const isOpen = format === 'openmetrics';
  let text = isOpen ? '' : comments.map((comment) => `# ${comment.replaceAll('\n', ' ')}\n`).join('');
  for (const [{ family, name }, { labels: all, values }] of figures.entries(families)) {
    const total = family.type === 'counter' ? `${name}_total` : name;
    const head = isOpen ? name : total;
    const unit = isOpen && family.unit !== undefined ? `# UNIT ${head} ${family.unit}\n` : '';
    text += `# TYPE ${head} ${family.type}\n${unit}# HELP ${head} ${family.help}\n`;
    for (const [at, labels] of all.entries()) {
      const figure = labels === '' ? total : `${total}{${labels}}`;
      text += `${figure} ${formatNumber(values[at] ?? Number.NaN)}\n`;
    }
  }
  return isOpen ? `${text}# EOF\n` : text;
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
