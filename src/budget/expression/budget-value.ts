/** Parses the right side of a budget expression. */
import { UsageError } from '../../errors.ts';
import { nearestName } from '../../format/nearest-name.ts';
import { parseSize } from '../../format/units.ts';
import type { BudgetUnit } from '../../model/verdict.ts';
import type { Budget, LimitName, Threshold } from './budget.ts';
import { faultIn, type Span } from './expression-fault.ts';

/** The limits that a percentage may refer to. */
const LIMIT_NAMES: readonly LimitName[] = ['memory.max', 'memory.high', 'memory.swap.max'];

type Subject = Pick<Budget, 'metric' | 'unit'>;

interface Place {
  text: string;
  where: string;
  subject: Subject;
}

/**
 * Parses a value from `from` to the end of the text.
 * @throws UsageError or InputError with a caret under the error.
 */
export function readThreshold(text: string, from: number, where: string, subject: Subject): Threshold {
  const place: Place = { text, where, subject };
  const at = skipBlanks(text, from);
  const rest = text.slice(at).trimEnd();
  if (rest === '')
    throw faultIn(text, where, { from: at, length: 0 }, `expected a value, ${example(subject)}`);
  if (rest.startsWith('=')) {
    throw faultIn(
      text,
      where,
      { from: at, length: 1 },
      'operators cannot contain spaces: write <=, >= or ==',
    );
  }
  if (/^baseline(?![\w.])/.test(rest)) return readBaseline(place, at);
  const of = /^(.*?%)\s*of(?:\s+(\S*))?(.*)$/s.exec(rest);
  if (of !== null) return readShare(place, at, of[1] ?? '', of[2] ?? '');
  return { kind: 'fixed', value: readValue(place, { from: at, length: rest.length }, rest) };
}

function readShare(place: Place, at: number, share: string, name: string): Threshold {
  const { text, where, subject } = place;
  const span = { from: at, length: share.length };
  if (subject.unit !== 'bytes') {
    throw faultIn(
      text,
      where,
      span,
      `a share of a limit is a size; ${subject.metric} here is ${wordOf(subject.unit)}`,
    );
  }
  const percent = readPercent(place, span, share);
  const nameAt = { from: text.indexOf('of', at + share.length) + 2, length: 0 };
  const limitSpan = { from: skipBlanks(text, nameAt.from), length: name.length };
  const of = LIMIT_NAMES.find((each) => each === name);
  if (of === undefined) {
    const near = nearestName(name, LIMIT_NAMES);
    const meant = near === undefined ? '' : `; did you mean \`${near}\`?`;
    throw faultIn(text, where, limitSpan, `no limit \`${name}\`${meant}`, `one of ${LIMIT_NAMES.join(', ')}`);
  }
  const end = limitSpan.from + name.length;
  const more = skipBlanks(text, end);
  if (more < text.length) {
    throw faultIn(
      text,
      where,
      { from: more, length: text.trimEnd().length - more },
      'unexpected text after the value',
    );
  }
  return { kind: 'share', percent, of };
}

/** `baseline`, followed by any number of `+` or `-` terms, each a percentage of it or an amount. */
function readBaseline(place: Place, from: number): Threshold {
  const { text, where, subject } = place;
  let percent = 0;
  let plus = 0;
  let at = skipBlanks(text, from + 'baseline'.length);
  while (at < text.length) {
    const sign = text[at];
    if (sign !== '+' && sign !== '-') {
      const span = { from: at, length: text.trimEnd().length - at };
      throw faultIn(text, where, span, 'expected + or - here', 'baseline + 5% + 2MiB');
    }
    const termAt = skipBlanks(text, at + 1);
    const term = /^[^+-]*/.exec(text.slice(termAt))?.[0].trimEnd() ?? '';
    const span = { from: termAt, length: term.length };
    if (term === '') throw faultIn(text, where, span, `expected an amount, ${example(subject)}`);
    const factor = sign === '+' ? 1 : -1;
    if (term.endsWith('%')) percent += factor * readPercent(place, span, term);
    else plus += factor * readValue(place, span, term);
    at = skipBlanks(text, termAt + term.length);
  }
  return { kind: 'baseline', percent, plus };
}

/** One amount in the budget's unit. */
function readValue(place: Place, span: Span, word: string): number {
  const { text, where, subject } = place;
  const amount = readRate(place, span, word);
  const at = { from: span.from, length: amount.length };
  if (subject.unit.startsWith('percent')) {
    if (amount.endsWith('%')) return readPercent(place, at, amount);
    throw faultIn(
      text,
      where,
      at,
      `${subject.metric} is a share of time: write it with %`,
      `${subject.metric}<=5%`,
    );
  }
  if (amount.endsWith('%')) {
    const hint = "'80% of memory.max' or 'baseline + 5%'";
    throw faultIn(
      text,
      where,
      at,
      'a percentage requires a base',
      subject.unit === 'bytes' ? hint : undefined,
    );
  }
  const negative = amount.startsWith('-');
  if (negative && !subject.unit.endsWith('/min') && subject.metric !== 'unexplained') {
    throw faultIn(text, where, at, `${subject.metric} is never below 0`);
  }
  const size = negative ? amount.slice(1).trimStart() : amount;
  const value = subject.unit.startsWith('bytes') ? readSize(place, at, size) : readCount(place, at, size);
  return negative ? -value : value;
}

/** Removes `/min`, which is implied by `growth`. */
function readRate({ text, where, subject }: Place, span: Span, word: string): string {
  const slash = word.indexOf('/');
  if (slash < 0) return word;
  const per = word.slice(slash + 1).trim();
  const at = { from: span.from + slash, length: word.length - slash };
  if (!subject.unit.endsWith('/min')) {
    throw faultIn(text, where, at, 'a rate is only valid for growth', `${subject.metric}.growth`);
  }
  if (!/^(min|minute)$/.test(per))
    throw faultIn(text, where, at, 'growth is per minute: write /min, or leave it out');
  return word.slice(0, slash).trimEnd();
}

function readSize(place: Place, span: Span, word: string): number {
  const { text, where, subject } = place;
  try {
    return parseSize(word, where);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = word.startsWith('memory.') ? `100% of ${word}` : undefined;
    throw faultIn(text, where, span, `not a size; expected ${example(subject)}`, hint);
  }
}

function readCount({ text, where, subject }: Place, span: Span, word: string): number {
  const value =
    /^\d+$/.test(word) || (subject.unit === 'count/min' && /^\d*\.?\d+$/.test(word))
      ? Number(word)
      : Number.NaN;
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  throw faultIn(text, where, span, `not a count; expected ${example(subject)}`);
}

function readPercent({ text, where }: Place, span: Span, word: string): number {
  const digits = /^(\d+(?:\.\d+)?|\.\d+)\s*%$/.exec(word)?.[1];
  const percent = Number(digits);
  if (digits === undefined || percent > 1e6)
    throw faultIn(text, where, span, 'not a percentage; expected for example 5%');
  return percent;
}

function example({ metric, unit }: Subject): string {
  const examples: Record<BudgetUnit, string> = {
    bytes: 'for example 32MiB, 1.5G or 80% of memory.max',
    'bytes/min': 'for example 1MiB/min',
    count: metric === 'oom_kill' ? 'for example 0' : 'for example 10',
    'count/min': 'for example 1000/min',
    percent: 'for example 5%',
    'percent/min': 'for example 1%/min',
  };
  return examples[unit];
}

function wordOf(unit: BudgetUnit): string {
  return unit.endsWith('/min') ? 'a growth' : unit === 'percent' ? 'a share of time' : 'a count';
}

function skipBlanks(text: string, from: number): number {
  return from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
}
