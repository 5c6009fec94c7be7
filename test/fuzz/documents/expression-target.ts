/** Short texts that options and files contain: budgets, sizes, times, names of formats, rules. */
import { parseMaxRegression } from '#src/budget/comparison/max-regression.ts';
import { formatBudget } from '#src/budget/expression/format-budget.ts';
import { AGGREGATES, METRIC_NAMES } from '#src/budget/expression/metric-catalogue.ts';
import { parseBudget } from '#src/budget/expression/parse-budget.ts';
import { parseChange, parseCpuCounts } from '#src/cli/commands/elf-command.ts';
import { ToolError } from '#src/errors.ts';
import { compileGlob, findBadSet } from '#src/format/glob.ts';
import { parseInterval, parseSlowInterval } from '#src/format/intervals.ts';
import { safeText } from '#src/format/safe-text.ts';
import {
  formatBytes,
  formatDuration,
  parseDuration,
  parseLimitOption,
  parseSize,
} from '#src/format/units.ts';
import { parseReportRequest } from '#src/report/render-report.ts';
import { resolveUser } from '#src/target/user.ts';
import { parseMoment } from '#src/view/state/moment.ts';
import { hostileText, mutateText } from '../mutate-bytes.ts';
import type { Random } from '../random.ts';
import type { DocumentTarget } from './document-target.ts';

const METRICS = [
  ...METRIC_NAMES,
  'bpf.map:*',
  'bpf.map:"a b"',
  'bpf.map:[a-z]',
  'stat.anon',
  'stat.__proto__',
];
const OPERATORS = ['<=', '<', '>=', '>', '==', '=', '≤', ':', '!='];
const NUMBERS = ['0', '1', '64', '1.5', '.5', '1e3', '-1', '99999999999999999999', '0x10', '1_000', ''];
const UNITS = ['', 'B', 'K', 'KiB', 'MiB', 'GB', 'T', 'EiB', '%', 'ms', 's', 'm', 'h', 'x', 'MiB/min'];
const RELATIONS = ['', ' of memory.max', ' of baseline', ' of RAM', '+5%', '+1MiB'];
const SAMPLES = [
  '5%,anon=10%+2MiB,bpf=1%',
  'baseline+10%',
  'baseline',
  'peak',
  'end',
  '-5s',
  'oom_kill:2',
  'junit:out.xml',
  'text',
  '4,16,128',
  'events=8M',
  'stacks.value_size=1016',
  'max',
  '1000:1000',
  'root',
];

/** An expression of our grammar, or of something like it. */
export function expression(random: Random): string {
  if (random.chance(0.3)) return random.pick(SAMPLES);
  const value = `${random.pick(NUMBERS)}${random.pick(UNITS)}${random.pick(RELATIONS)}`;
  if (random.chance(0.3)) return value;
  const aggregate = random.chance(0.4) ? `.${random.pick(AGGREGATES)}` : '';
  return `${random.pick(METRICS)}${aggregate}${random.pick(OPERATORS)}${random.pick([value, 'baseline+5%'])}`;
}

const PARSERS: readonly ((text: string) => unknown)[] = [
  parseBudgetTwice,
  parseMaxRegression,
  (text) => parseLimitOption(text, '--memory-max'),
  (text) => formatBytes(parseSize(text, '--set')),
  (text) => formatDuration(parseDuration(text, '--timeout')),
  (text) => parseInterval(text, '--interval'),
  (text) => parseSlowInterval(text, '--bpf-interval'),
  (text) => parseMoment(text, '--at')({ endMs: 1000, peakMs: 5 }),
  parseReportRequest,
  parseCpuCounts,
  parseChange,
  (text) => resolveUser(text, { find: () => undefined, groupsOf: () => [] }),
];

/** Names that a glob of the input is tried on: matching must not take exponential time. */
const NAMES = ['', 'flows', 'a'.repeat(60), '[*?]', 'a b'];

/** A formatted budget has to be the same budget. */
function parseBudgetTwice(text: string): string {
  const budget = parseBudget(text);
  const formatted = formatBudget(budget);
  const again = formatBudget(parseBudget(formatted));
  if (again !== formatted) throw new Error(`${formatted} is read as ${again}`);
  return formatted;
}

/** Each text is given to all parsers. */
export const EXPRESSION_TARGET: DocumentTarget = {
  name: 'expression',
  about: 'budgets, sizes, durations, rules and other texts of options',
  extension: 'txt',
  make(random) {
    const text = expression(random);
    if (random.chance(0.1)) return Buffer.from(hostileText(random));
    return Buffer.from(random.chance(0.6) ? mutateText(random, text) : text);
  },
  read(input) {
    const text = input.toString();
    const output: string[] = [];
    for (const parse of PARSERS) {
      try {
        output.push(JSON.stringify(parse(text)) ?? '');
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        // Errors are read, too.
        output.push([error.message, error.hint ?? ''].join('\n'));
      }
    }
    if (findBadSet(text) === undefined) {
      const pattern = compileGlob(text);
      for (const name of NAMES) pattern.test(name);
    }
    return output.map(safeText);
  },
};
