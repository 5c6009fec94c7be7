/** The manual page, generated from the options, the keys and the exit statuses of the program. */
import type { Command, Option } from 'commander';
import { AGGREGATES } from '../src/budget/expression/metric-catalogue.ts';
import { addCommands } from '../src/cli/all-commands.ts';
import { COMPLETION_HELP } from '../src/cli/options/shells.ts';
import { declareProgram, EXAMPLES } from '../src/cli/program.ts';
import { EXIT_STATUS_HELP } from '../src/exit-codes.ts';
import { METRICS } from '../src/model/metrics.ts';
import { VERSION } from '../src/version.ts';
import { KEY_PLACES, KEY_TABLE } from '../src/view/state/key-table.ts';

/** The metrics of budgets that are not in {@link METRICS}. */
const MORE_METRICS: Readonly<Record<string, string>> = {
  'bpf.map:GLOB': "the run's BPF maps with matching names, together; quote a GLOB with spaces or operators",
  'psi.some, psi.full': 'share of the time lost waiting for memory (cgroup v2)',
  leftover: 'BPF maps that outlived the run',
  'any key of memory.stat': 'such as anon, file or pgmajfault; stat.KEY for one that cmemstat does not know',
};

/** The parts of a budget expression other than the metric. */
const EXPRESSION_PARTS: Readonly<Record<string, string>> = {
  AGGREGATE: `${AGGREGATES.join(', ')}; default: max, or final for counts that only increase, or avg for psi`,
  OP: '<=, <, >=, >, ==, or le, lt, ge, gt, eq between spaces',
  VALUE:
    '64MiB, 1.5G, 300MB; a count; 5% (psi); 1MiB/min (growth); 80% of memory.max; baseline + 5% + 2MiB, with --baseline',
};

/** The environment variables that cmemstat reads, and the target's that `--inherit-limits` respects. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: 'where commands are looked up; for the target, the PATH that --env sets',
  'XDG_CACHE_HOME, HOME':
    'caches of compiled code and kernel facts, in cmemstat below $XDG_CACHE_HOME or ~/.cache',
  NODE_DISABLE_COMPILE_CACHE: 'if set, compiled code is not cached',
  XDG_RUNTIME_DIR: 'where the systemd user manager is found (default: /run/user/UID)',
  'container, KUBERNETES_SERVICE_HOST': 'if set, hints are those for containers',
  'TERM, COLORTERM, TMUX': 'type and colours of the terminal',
  'TERMINFO, TERMINFO_DIRS': 'where terminfo entries are looked up first',
  NO_COLOR: 'if not empty, the view has no colours',
  'LC_ALL, LC_CTYPE, LANG': 'the view draws with Unicode characters if the first that is set names UTF-8',
  TMPDIR: 'the directory of the file for output of the target that is too long to be printed after the view',
  'LINES, COLUMNS': 'size of a terminal that does not report one; lines in a pipe are broken at COLUMNS',
  GITHUB_STEP_SUMMARY: 'the file that --report github appends a summary to',
  'GOMEMLIMIT, GOMAXPROCS, NODE_OPTIONS, JAVA_TOOL_OPTIONS':
    'what they set already for the target is not changed by --inherit-limits',
  'NODE_DEBUG, NODE_V8_COVERAGE, NODE_EXTRA_CA_CERTS, OPENSSL_CONF':
    'the Node.js of cmemstat reads them too; NODE_OPTIONS is for the target only',
};

/** Source: man(7), the macros of manual pages. */
export function renderManPage(): string {
  const program = declareProgram();
  addCommands(program, () => {});
  return [
    `.TH CMEMSTAT 1 "" "cmemstat ${VERSION}" "User Commands"`,
    '.SH NAME',
    'cmemstat \\- what a command really costs in memory, kernel memory and BPF maps included',
    '.SH SYNOPSIS',
    '.B cmemstat',
    '[options] \\-\\- command [arguments...]',
    ...program.commands.flatMap((each) => ['.br', `.B cmemstat ${roff(each.name())}`, roff(each.usage())]),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH OPTIONS',
    ...options(program),
    '.SH COMMANDS',
    ...program.commands.flatMap((each) => command(each, each.name())),
    '.SH BUDGET EXPRESSIONS',
    '.B METRIC[.AGGREGATE] OP VALUE',
    '.br',
    ...definitions({ ...EXPRESSION_PARTS, ...METRICS, ...MORE_METRICS }),
    '.SH KEYS OF THE VIEW',
    ...KEY_PLACES.flatMap(({ where, title }) => [
      `.SS ${roff(title)}`,
      ...KEY_TABLE.filter((key) => key.where === where).flatMap(({ keys, text }) =>
        definition(keys.join(', '), text),
      ),
    ]),
    '.SH SHELL COMPLETION',
    ...verbatim(COMPLETION_HELP),
    '.SH EXIT STATUS',
    ...verbatim(EXIT_STATUS_HELP),
    '.SH ENVIRONMENT',
    ...definitions(ENVIRONMENT),
    '.SH EXAMPLES',
    ...verbatim(EXAMPLES),
    '.SH SEE ALSO',
    'bpftool(8), systemd\\-run(1), cgroups(7), jq(1)',
    '',
  ].join('\n');
}

function command(each: Command, name: string): string[] {
  return [
    `.SS ${roff(name)} ${roff(each.usage())}`,
    roff(each.description()),
    ...options(each),
    ...each.commands.flatMap((nested) => command(nested, `${name} ${nested.name()}`)),
  ];
}

function options(of: Command): string[] {
  const help = of.createHelp();
  const shown = of.options.filter((option: Option) => !option.hidden);
  return shown.flatMap((option) => definition(help.optionTerm(option), help.optionDescription(option)));
}

function definition(term: string, text: string): string[] {
  return ['.TP', `.B ${roff(term)}`, roff(text)];
}

function definitions(texts: Readonly<Record<string, string>>): string[] {
  return Object.entries(texts).flatMap(([term, text]) => definition(term, text));
}

function verbatim(text: string): string[] {
  return ['.nf', ...text.split('\n').slice(1).map(roff), '.fi'];
}

/** Escapes words that would be requests or escapes, and keeps hyphens as typed. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
