/** The subcommands; each loads its modules when it is called. */
import { Argument, type Command, Option } from 'commander';
import { EXPORT_FORMATS, ROW_KINDS } from '../export/export-format.ts';
import { REPORT_FORMATS } from '../report/report-formats.ts';
import type { CheckFlags, InitFlags } from './commands/budget-command.ts';
import type { CompareFlags } from './commands/compare-command.ts';
import type { ExportFlags } from './commands/export-command.ts';
import type { ReplayFlags } from './commands/replay-command.ts';
import type { ReportFlags } from './commands/report-command.ts';
import { type AttachFlags, addAttachOptions } from './options/attach-flags.ts';
import { addDelimitedOptions } from './options/delimited-flags.ts';
import { addExplainOptions, type ExplainFlags } from './options/explain-flags.ts';
import {
  addBaselineOptions,
  addBudgetOptions,
  addEvaluateOption,
  addReportOption,
  addSeriesOptions,
  COMMAS,
} from './options/gate-flags.ts';
import { addMapsOptions, type MapsFlags } from './options/maps-flags.ts';
import { oneOf, oneOfOption } from './options/one-of.ts';
import { takeAddresses } from './options/optional-address.ts';
import { once } from './options/repeatable.ts';
import { addRunOptions } from './options/run-flags.ts';
import { COMPLETION_HELP, SHELLS, type Shell } from './options/shells.ts';

/** Receives the exit status of the command that was called. */
export type Done = (status: number) => void;

/** Declares a subcommand. */
export type Add = (program: Command, done: Done) => void;

/** Declared in modules of their own: the others do not need their options. */
const SEPARATE: Readonly<Record<string, () => Promise<Add>>> = {
  top: async () => (await import('./add-top-command.ts')).addTopCommand,
  exporter: async () => (await import('./add-exporter-command.ts')).addExporterCommand,
  elf: async () => (await import('./add-elf-command.ts')).addElfCommand,
};

/** The subcommands in the order of the help; undefined for those in modules of their own. */
export const SUBCOMMANDS: Readonly<Record<string, Add | undefined>> = {
  doctor: addDoctorCommand,
  maps: addMapsCommand,
  explain: addExplainCommand,
  attach: addAttachCommand,
  top: undefined,
  exporter: undefined,
  elf: undefined,
  replay: addReplayCommand,
  budget: addBudgetCommands,
  compare: addCompareCommand,
  report: addReportCommand,
  export: addExportCommand,
  completion: addCompletionCommand,
};

/** The names of the subcommands, in the order of the help. */
export const COMMAND_NAMES: readonly string[] = Object.keys(SUBCOMMANDS);

/**
 * Declares only the subcommand with this name. Returns false and declares nothing if it does not exist, and
 * for `completion`, which needs all subcommands.
 */
export async function addCommand(program: Command, name: string, done: Done): Promise<boolean> {
  if (!COMMAND_NAMES.includes(name) || name === 'completion') return false;
  const add = SUBCOMMANDS[name] ?? (await SEPARATE[name]?.());
  add?.(program, done);
  return true;
}

/** The subcommands of commands that are a group of them. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = { budget: ['init', 'check'] };

function addDoctorCommand(program: Command, done: Done): void {
  program
    .command('doctor')
    .description('check what this host can measure, and how to enable the rest')
    .option('--json', 'print one JSON document')
    .option('--cgroup-parent <path>', 'create the cgroup below this one, as in a run')
    .action(async (flags: { json?: true; cgroupParent?: string }) => {
      const { printDiagnosis } = await import('../app/doctor/print-diagnosis.ts');
      done(await printDiagnosis({ json: flags.json === true, cgroupParent: flags.cgroupParent }));
    });
}

function addMapsCommand(program: Command, done: Done): void {
  const command = program.command('maps').description('list the BPF maps of this host: owners, memory, use');
  addMapsOptions(command).action(async (flags: MapsFlags) => {
    const { maps } = await import('./commands/maps-command.ts');
    done(await maps(flags));
  });
}

function addExplainCommand(program: Command, done: Done): void {
  const command = program
    .command('explain')
    .description('print every byte of a cgroup by name: processes, files, caches of the kernel, BPF maps');
  addExplainOptions(command).action(async (cgroup: string | undefined, flags: ExplainFlags) => {
    const { explain } = await import('./commands/explain-command.ts');
    done(await explain(cgroup, flags));
  });
}

function addAttachCommand(program: Command, done: Done): void {
  const command = program
    .command('attach')
    .description('measure a cgroup that exists, as a run is measured: a service, a container, a pod');
  const gateOptions = addAttachOptions(command);
  command.action(async (target: string, flags: AttachFlags) => {
    const { attach } = await import('./commands/attach-command.ts');
    done(await attach(target, flags, gateOptions));
  });
}

function addReplayCommand(program: Command, done: Done): void {
  program
    .command('replay')
    .description('open a recording made with --output in the terminal view')
    .argument('<file>', 'the recording, or an HTML report')
    .option('--follow', 'follow a recording that is still being written')
    .option('--at <time>', 'start at this time (90s, 2m), at "peak" or at "end" (default: the start)')
    .option('--speed <factor>', 'playback speed relative to real time', '1')
    .action(async (file: string, flags: ReplayFlags) => {
      const { replay } = await import('./commands/replay-command.ts');
      done(await replay(file, flags));
    });
}

function addBudgetCommands(program: Command, done: Done): void {
  const budget = program
    .command('budget')
    .description('propose memory budgets, or check recordings against them');
  const init = budget
    .command('init')
    .description('measure a few runs and propose a budget file')
    .usage('[options] -- command [arguments...]')
    .argument('[command...]', 'the command to measure')
    .passThroughOptions()
    .option('--write <file>', 'write the budgets to a file (default: stdout)');
  addRunOptions(init);
  addSeriesOptions(init);
  init.action(async (command: string[], flags: InitFlags) => {
    const { initBudget } = await import('./commands/budget-command.ts');
    done(await initBudget(command, flags));
  });
  const check = budget
    .command('check')
    .description('check recordings made with --output; several files are runs of one command')
    .argument('<files...>', 'recordings');
  addBudgetOptions(check);
  addBaselineOptions(check);
  addEvaluateOption(check);
  addReportOption(check);
  check.action(async (files: string[], flags: CheckFlags) => {
    const { checkBudgets } = await import('./commands/budget-command.ts');
    done(await checkBudgets(files, flags));
  });
}

function addCompareCommand(program: Command, done: Done): void {
  const command = program
    .command('compare')
    .description('compare two sets of runs: recordings, summaries or baselines')
    .argument('<base>', 'a recording, a summary or a baseline; separate several with commas')
    .argument('<new...>', 'the same, for the new runs')
    .option(
      '--max-regression <rule>',
      "exit with 3 on a larger increase: 5%, 2MiB, 'bpf=1%,anon=10%+2MiB'",
      once('--max-regression', COMMAS),
    )
    .option('--strict-host', 'exit with 5 if the two come from different kinds of host')
    .option('--all', 'print all metrics, not only the important ones')
    .addOption(new Option('--bytes', 'print sizes in bytes').conflicts('json'))
    .option('--json', 'print one JSON document');
  addDelimitedOptions(command).action(async (base: string, now: string[], flags: CompareFlags) => {
    const { compare } = await import('./commands/compare-command.ts');
    done(await compare(base, now, flags));
  });
}

function addReportCommand(program: Command, done: Done): void {
  const report = takeAddresses(program.command('report'))
    .description('render a report on recordings, or on a verdict saved with --report json:FILE')
    .argument('<files...>', 'recordings, or one verdict')
    .addOption(
      // The parser of the command suggests a format.
      new Option(
        '--format <format[:file]>',
        'output format: text, markdown, junit, github, json, tap or html',
      )
        .choices(REPORT_FORMATS)
        .argParser((text: string) => text)
        .default('text'),
    )
    .option('-o, --output <file>', 'write the report to a file (default: stdout)')
    .option('--threshold <percent>', 'html: combine smaller parts (default: 1)')
    .option('--no-embed', 'html: leave out the recordings')
    .option('--no-names', 'html: hide names of files and commands')
    .addOption(
      new Option(
        '--serve [address:port]',
        'serve the page on 127.0.0.1; it follows recordings that grow',
      ).conflicts([...['format', 'output', 'embed']]),
    );
  addBudgetOptions(report);
  addBaselineOptions(report);
  addEvaluateOption(report);
  report.action(async (files: string[], flags: ReportFlags) => {
    const { report: print } = await import('./commands/report-command.ts');
    done(await print(files, flags));
  });
}

function addExportCommand(program: Command, done: Done): void {
  program
    .command('export')
    .description('write recordings in the formats of other tools')
    .argument('<files...>', 'recordings; - is standard input')
    .addOption(
      oneOfOption('--format <format>', `output format: ${EXPORT_FORMATS.join(', ')}`, EXPORT_FORMATS),
    )
    .addOption(
      oneOfOption(
        '--rows <kind>',
        `rows of csv and tsv: ${ROW_KINDS.join(', ')} (default: samples)`,
        ROW_KINDS,
      ),
    )
    .option('-o, --output <file>', 'write to a file (default: stdout)')
    .option('--no-names', 'write no names of commands, files, cgroups and maps')
    .action(async (files: string[], flags: ExportFlags) => {
      const { exportFiles } = await import('./commands/export-command.ts');
      done(await exportFiles(files, flags));
    });
}

function addCompletionCommand(program: Command, done: Done): void {
  program
    .command('completion')
    .description(`print the shell completions for ${SHELLS.join(', ')}`)
    .addArgument(
      new Argument('<shell>', 'name of the shell')
        .choices(SHELLS)
        .argParser((text: string) => oneOf(text, SHELLS, 'completion')),
    )
    .addHelpText('after', `\n${COMPLETION_HELP}`)
    .action(async (shell: Shell) => {
      const { completion } = await import('./commands/completion-command.ts');
      done(await completion(shell, program));
    });
}
