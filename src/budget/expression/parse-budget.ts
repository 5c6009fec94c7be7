/**
 * Parses budget expressions.
 *
 *     METRIC[.AGGREGATE] OP VALUE
 *     anon<=32MiB   current.p95 < 80% of memory.max
 *     bpf.map:"conn*".max le 1MiB   kernel <= baseline + 5% + 2MiB
 */

import { nearestName } from '../../format/nearest-name.ts';
import { MAP_PREFIX } from '../../model/metrics.ts';
import type { Aggregate, Budget, Op } from './budget.ts';
import { readThreshold } from './budget-value.ts';
import { faultIn, type Span, testGlob } from './expression-fault.ts';
import {
  AGGREGATES,
  aggregatesOf,
  defaultAggregateOf,
  explainAggregates,
  isInBaseline,
  METRIC_NAMES,
  unitOf,
} from './metric-catalogue.ts';

const BASELINE_CONTENTS = 'it contains maxima, averages and totals of counters';

/** Operators as words, for YAML and shells. */
const WORDS: Readonly<Record<string, Op>> = { le: '<=', lt: '<', ge: '>=', gt: '>', eq: '==' };

/** Common spellings of operators in other languages. */
const NEAR_OPERATORS: Readonly<Record<string, Op>> = {
  '=': '==',
  '=<': '<=',
  '=>': '>=',
  '===': '==',
  '≤': '<=',
  '≥': '>=',
  ':': '<=',
};

/**
 * Parses a budget. `where` names the option, or the place in a file, in errors.
 * @throws UsageError, or InputError in a file, with the expression and a caret under the error in `detail`.
 */
export function parseBudget(text: string, where = '--budget'): Budget {
  const start = text.length - text.trimStart().length;
  const left = readLeft(text, start, where);
  const { op, at, end } = readOperator(text, left.end, where);
  const { metric, aggregate } = left;
  const unit = aggregate === 'growth' ? (`${unitOf(metric)}/min` as const) : unitOf(metric);
  if (op === '==' && (aggregate === 'growth' || unit === 'percent')) {
    const span = { from: at, length: end - at };
    throw faultIn(text, where, span, `${metric}.${aggregate} is never exactly a number: use <= or >=`);
  }
  const threshold = readThreshold(text, end, where, { metric, unit });
  if (threshold.kind === 'baseline' && !isInBaseline(metric, aggregate)) {
    const span = { from: text.indexOf('baseline', end), length: 'baseline'.length };
    throw faultIn(text, where, span, `a baseline has no ${metric}.${aggregate}: ${BASELINE_CONTENTS}`);
  }
  return { expression: text.trim(), metric, aggregate, op, unit, threshold };
}

interface Left {
  metric: string;
  aggregate: Aggregate;
  end: number;
}

function readLeft(text: string, from: number, where: string): Left {
  if (text.startsWith(MAP_PREFIX, from)) return readMapMetric(text, from, where);
  const word = /^[^\s<>=≤≥!]*/.exec(text.slice(from))?.[0] ?? '';
  const span = { from, length: word.length };
  if (word === '') {
    throw faultIn(text, where, span, 'expected a metric', "write it as 'anon<=32MiB'");
  }
  return { ...resolveName(text, where, span, word), end: from + word.length };
}

/** The longest prefix that is a metric; the rest is the aggregate. */
function resolveName(text: string, where: string, span: Span, word: string): Omit<Left, 'end'> {
  if (isMetric(word)) return { metric: word, aggregate: defaultAggregateOf(word) };
  const dot = word.lastIndexOf('.');
  const metric = word.slice(0, dot);
  const rest = word.slice(dot + 1);
  if (dot > 0 && isMetric(metric)) {
    const at = { from: span.from + dot + 1, length: rest.length };
    return { metric, aggregate: readAggregate(text, where, at, rest, metric) };
  }
  throw unknownMetric(text, where, span, word);
}

function isMetric(word: string): boolean {
  return METRIC_NAMES.has(word) || /^stat\.\w+$/.test(word);
}

function readAggregate(text: string, where: string, at: Span, word: string, metric: string): Aggregate {
  const allowed = aggregatesOf(metric);
  const found = allowed.find((aggregate) => aggregate === word);
  if (found !== undefined) return found;
  if ((AGGREGATES as readonly string[]).includes(word)) {
    const what = allowed.length === 1 ? 'leave the aggregate out' : `it has ${allowed.join(', ')}`;
    throw faultIn(text, where, at, `${metric} has no ${word}: ${explainAggregates(metric)}; ${what}`);
  }
  // The typo in `bpf.mps` may be in the metric or in the aggregate.
  const sibling = nearestName(`${metric}.${word}`, siblingsOf(metric));
  const near = sibling ?? nearestName(word, allowed);
  const meant = near === undefined ? '' : `; did you mean \`${near}\`?`;
  throw faultIn(text, where, at, `no aggregate \`${word}\`${meant}`, `one of ${allowed.join(', ')}`);
}

function siblingsOf(metric: string): string[] {
  return [...METRIC_NAMES].filter((name) => name.startsWith(`${metric}.`));
}

function unknownMetric(text: string, where: string, span: Span, word: string): Error {
  // Metrics of Kubernetes, the kernel's files and our own JSON have prefixes that are not used here.
  const bare = word.replace(/^(memory|swap|summary|averages)\./, '');
  const [first = '', second = ''] = bare.split('.');
  const near =
    nearestName(bare, METRIC_NAMES) ??
    ((AGGREGATES as readonly string[]).includes(second) ? nearestName(first, METRIC_NAMES) : undefined);
  const meant = near === undefined ? '' : `; did you mean \`${near}\`?`;
  const hint = /^\w{1,100}$/.test(word)
    ? `stat.${word} for a key of memory.stat that is newer than cmemstat`
    : undefined;
  return faultIn(text, where, span, `no metric \`${word}\`${meant}`, hint);
}

/**
 * `bpf.map:GLOB`: dots are part of the glob, except before an aggregate at its end. Quoted globs may contain
 * spaces, operators and dots.
 */
function readMapMetric(text: string, from: number, where: string): Left {
  const globAt = from + MAP_PREFIX.length;
  const quote = text[globAt];
  if (quote === '"' || quote === "'") return readQuotedMap(text, globAt, quote, where);
  const word = /^[^\s<>=≤≥]*/.exec(text.slice(globAt))?.[0] ?? '';
  const end = globAt + word.length;
  const dot = word.lastIndexOf('.');
  const suffix = AGGREGATES.find((aggregate) => dot >= 0 && aggregate === word.slice(dot + 1));
  const glob = suffix === undefined ? word : word.slice(0, dot);
  if (glob === '') {
    const span = { from: globAt, length: word.length };
    throw faultIn(text, where, span, 'expected the name of a BPF map, or a pattern', 'bpf.map:*');
  }
  testGlob(text, where, globAt, glob);
  return { metric: MAP_PREFIX + glob, aggregate: suffix ?? 'max', end };
}

function readQuotedMap(text: string, globAt: number, quote: string, where: string): Left {
  const close = text.indexOf(quote, globAt + 1);
  if (close < 0) throw faultIn(text, where, { from: globAt, length: 1 }, 'unterminated quote');
  const glob = text.slice(globAt + 1, close);
  if (glob === '') {
    throw faultIn(text, where, { from: globAt, length: 2 }, 'expected the name of a BPF map', 'bpf.map:*');
  }
  testGlob(text, where, globAt + 1, glob);
  const metric = MAP_PREFIX + glob;
  const after = /^[^\s<>=≤≥]*/.exec(text.slice(close + 1))?.[0] ?? '';
  if (after === '') return { metric, aggregate: 'max', end: close + 1 };
  const at = { from: close + 2, length: after.length - 1 };
  if (!after.startsWith('.')) {
    throw faultIn(
      text,
      where,
      { from: close + 1, length: after.length },
      'expected an operator or .AGGREGATE here',
    );
  }
  return {
    metric,
    aggregate: readAggregate(text, where, at, after.slice(1), metric),
    end: close + 1 + after.length,
  };
}

function readOperator(text: string, from: number, where: string): { op: Op; at: number; end: number } {
  const blanks = /^\s*/.exec(text.slice(from))?.[0].length ?? 0;
  const at = from + blanks;
  const rest = text.slice(at);
  const word = /^([a-z]+)(?![a-z])/.exec(rest)?.[1] ?? '';
  const spelt = blanks > 0 ? WORDS[word] : undefined;
  if (spelt !== undefined) return { op: spelt, at, end: at + word.length };
  const sign = /^(<=|>=|==|<|>)(?![<>=])/.exec(rest)?.[1];
  if (sign !== undefined) return { op: sign as Op, at, end: at + sign.length };
  throw noOperator(text, where, at, rest);
}

function noOperator(text: string, where: string, at: number, rest: string): Error {
  const sign = /^[<>=!≤≥:]+/.exec(rest)?.[0];
  if (sign !== undefined) {
    const near = NEAR_OPERATORS[sign];
    const meant = near === undefined ? 'one of <= < >= > ==' : `did you mean \`${near}\`?`;
    return faultIn(text, where, { from: at, length: sign.length }, `no operator \`${sign}\`; ${meant}`);
  }
  const span = { from: at, length: /^\S*/.exec(rest)?.[0].length ?? 0 };
  const metric = text.slice(0, at).trim();
  return faultIn(
    text,
    where,
    span,
    'no operator; the shell interprets unquoted < and >',
    `'${metric}<=VALUE' in quotes, or le, lt, ge, gt, eq: '${metric} le VALUE'`,
  );
}
