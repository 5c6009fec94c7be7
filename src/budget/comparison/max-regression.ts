/** `--max-regression`: the allowed increase of a metric over the baseline. */
import { compileGlob } from '../../format/glob.ts';
import { nearestName } from '../../format/nearest-name.ts';
import { parseSize } from '../../format/units.ts';
import { MAP_PREFIX, mapNameIn } from '../../model/metrics.ts';
import { faultIn, type Span, testGlob } from '../expression/expression-fault.ts';
import { METRIC_NAMES, unitOf } from '../expression/metric-catalogue.ts';

/** The allowed increase: `percent` of the base, plus `plus`. */
export interface Allowance {
  percent: number;
  /** Unit: bytes, or a count for metrics that are counts. */
  plus: number;
}

/** The thresholds of a comparison. */
export interface RegressionRule {
  /** For metrics that are evaluated by default. */
  byDefault?: Allowance;
  /** For named metrics, including `bpf.map:GLOB`; if several match a metric, the last one applies. */
  named: { metric: string; allowance: Allowance }[];
}

/**
 * The metrics that a threshold without a name applies to: memory that the program itself allocates. Page
 * cache depends on other activity on the machine and is part of `current`, `peak`, `workingset` and `file`,
 * so these are only evaluated if they are named.
 */
export const EVALUATED_BY_DEFAULT: readonly string[] = [
  'anon',
  'shmem',
  'kernel',
  'bpf',
  'bpf.uncharged',
  'rss',
  'pss',
];

const EXAMPLE = `5%, 2MiB, 5%+2MiB, 'bpf=1%,anon=10%+2MiB'`;

/** A part of the text with its position. */
interface Source {
  text: string;
  where: string;
}

/**
 * Parses a list of `[METRIC=]AMOUNT`, where an amount is `5%`, `2MiB` or `5%+2MiB`: 5 % of the base, plus 2
 * MiB. `where` names the option, or the place in a file, in errors.
 * @throws UsageError, or InputError in a file, with the text and a caret under the error in `detail`.
 */
export function parseMaxRegression(text: string, where = '--max-regression'): RegressionRule {
  const rule: RegressionRule = { named: [] };
  let from = 0;
  for (const term of text.split(',')) {
    addTerm(rule, { text, where }, { from, length: term.length });
    from += term.length + 1;
  }
  return rule;
}

function addTerm(rule: RegressionRule, source: Source, term: Span): void {
  const equals = wordAt(source, term).lastIndexOf('=');
  const amountFrom = term.from + equals + 1;
  const amount = trimmed(source, { from: amountFrom, length: term.from + term.length - amountFrom });
  const allowance = readAllowance(source, amount);
  if (equals < 0) {
    if (rule.byDefault !== undefined) {
      throw fault(source, amount, 'a second threshold that names no metric');
    }
    rule.byDefault = allowance;
    return;
  }
  const name = trimmed(source, { from: term.from, length: equals });
  const metric = readMetric(source, name);
  if (rule.named.some((each) => each.metric === metric))
    throw fault(source, name, `${metric} is named twice`);
  const isCount = unitOf(metric.replace(/\.avg$/, '')) === 'count';
  if (isCount && /[a-z]/i.test(wordAt(source, amount))) {
    throw fault(source, amount, `${metric} is a count: a threshold is a number or a percentage`);
  }
  rule.named.push({ metric, allowance });
}

function readAllowance(source: Source, span: Span): Allowance {
  if (span.length === 0) throw fault(source, span, 'expected a threshold');
  const allowance: Partial<Allowance> = {};
  let from = span.from;
  for (const part of wordAt(source, span).split('+')) {
    const at = trimmed(source, { from, length: part.length });
    from += part.length + 1;
    const percent = /^(\d+(?:\.\d+)?|\.\d+)\s*%$/.exec(wordAt(source, at));
    const key = percent === null ? 'plus' : 'percent';
    const amount = percent === null ? readSize(source, at) : Number(percent[1]);
    if (allowance[key] !== undefined) {
      throw fault(source, at, `a second ${key === 'percent' ? 'percentage' : 'size'} in one threshold`);
    }
    allowance[key] = amount;
  }
  return { percent: 0, plus: 0, ...allowance };
}

function readSize(source: Source, span: Span): number {
  const word = wordAt(source, span);
  if (word.startsWith('-')) throw fault(source, span, 'a threshold is an increase: it is not negative');
  try {
    return parseSize(word, source.where);
  } catch {
    throw fault(source, span, word === '' ? 'expected a size' : 'neither a percentage nor a size');
  }
}

function readMetric(source: Source, span: Span): string {
  const word = wordAt(source, span);
  if (word === '') throw fault(source, span, 'expected a metric');
  const glob = mapNameIn(word);
  if (glob === '') throw fault(source, span, 'expected the name of a BPF map, or a pattern');
  if (glob !== undefined) {
    testGlob(source.text, source.where, span.from + MAP_PREFIX.length, glob);
    return word;
  }
  const metric = word.replace(/\.max$/, '').replace(/^stat\./, '');
  const name = metric.replace(/\.avg$/, '');
  if (isCompared(name) || /^stat\.\w+(\.avg|\.max)?$/.test(word)) return metric;
  if (METRIC_NAMES.has(name)) throw fault(source, span, `${name} is not compared between runs`);
  const near = nearestName(name, [...METRIC_NAMES].filter(isCompared));
  throw fault(
    source,
    span,
    `no metric \`${word}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
  );
}

/** PSI and leftovers are not among the figures of a run. */
function isCompared(name: string): boolean {
  return METRIC_NAMES.has(name) && unitOf(name) !== 'percent' && name !== 'leftover';
}

function wordAt({ text }: Source, { from, length }: Span): string {
  return text.slice(from, from + length);
}

function trimmed(source: Source, span: Span): Span {
  const word = wordAt(source, span);
  return { from: span.from + (word.length - word.trimStart().length), length: word.trim().length };
}

function fault({ text, where }: Source, span: Span, message: string): Error {
  return faultIn(text, where, span, message, EXAMPLE);
}

/** The allowed increase of a metric; undefined if the metric is not evaluated. */
export function allowanceOf(rule: RegressionRule, metric: string): Allowance | undefined {
  const named = rule.named.findLast((each) => fits(each.metric, metric));
  if (named !== undefined) return named.allowance;
  return EVALUATED_BY_DEFAULT.includes(metric) ? rule.byDefault : undefined;
}

function fits(named: string, metric: string): boolean {
  const [glob, name] = [mapNameIn(named), mapNameIn(metric)];
  return glob === undefined || name === undefined ? named === metric : compileGlob(glob).test(name);
}
