/** The manual page, generated from the options, the keys and the exit statuses of the program. */
import type { Command, Option } from 'commander';
import { addCommands } from '../src/cli/add-commands.ts';
import { COMPLETION_HELP } from '../src/cli/options/shells.ts';
import { declareProgram, EXAMPLES } from '../src/cli/program.ts';
import { EXIT_STATUS_HELP } from '../src/exit-codes.ts';
import { VERSION } from '../src/version.ts';
import { KEY_PLACES, KEY_TABLE } from '../src/view/state/key-table.ts';

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
    '.SH KEYS OF THE VIEW',
    ...KEY_PLACES.flatMap(({ where, title }) => [
      `.SS ${roff(title)}`,
      ...KEY_TABLE.filter((key) => key.where === where).flatMap(({ keys, text }) => [
        '.TP',
        `.B ${roff(keys.join(', '))}`,
        roff(text),
      ]),
    ]),
    '.SH SHELL COMPLETION',
    ...verbatim(COMPLETION_HELP),
    '.SH EXIT STATUS',
    ...verbatim(EXIT_STATUS_HELP),
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
  return shown.flatMap((option) => [
    '.TP',
    `.B ${roff(help.optionTerm(option))}`,
    roff(help.optionDescription(option)),
  ]);
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
