/** The commands beside a run; each loads what it needs when it is called. */
import { type Command, Option } from 'commander';
import type { CheckFlags, InitFlags } from './commands/budget-command.ts';
import type { CompareFlags } from './commands/compare-command.ts';
import type { ElfFlags } from './commands/elf-command.ts';
import type { ReplayFlags } from './commands/replay-command.ts';
import type { ReportFlags } from './commands/report-command.ts';
import {
  addBaselineOptions,
  addBudgetOptions,
  addEvaluateOption,
  addReportOption,
  addSeriesOptions,
  COMMAS,
} from './options/gate-flags.ts';
import { addMapsOptions, type MapsFlags } from './options/maps-flags.ts';
import { once, repeatable } from './options/repeatable.ts';
import { addRunOptions } from './options/run-flags.ts';

/** Takes the exit status of the command that was called. */
type Done = (status: number) => void;

/** Declares them all. */
export function addCommands(program: Command, done: Done): void {
  program
    .command('doctor')
    .description('what this host can measure, and what to do where it can not')
    .option('--json', 'one JSON document')
    .option('--cgroup-parent <path>', 'as in a run')
    .action(async (flags: { json?: true; cgroupParent?: string }) => {
      const { doctor } = await import('./commands/doctor-command.ts');
      done(await doctor({ json: flags.json === true, cgroupParent: flags.cgroupParent }));
    });
  addMapsCommand(program, done);
  addElfCommand(program, done);
  addReplayCommand(program, done);
  addBudgetCommands(program, done);
  addCompareCommand(program, done);
  addReportCommand(program, done);
}

function addMapsCommand(program: Command, done: Done): void {
  const command = program
    .command('maps')
    .description('the BPF maps of this host: whose they are, what they take, whether they are used');
  addMapsOptions(command).action(async (flags: MapsFlags) => {
    const { maps } = await import('./commands/maps-command.ts');
    done(await maps(flags));
  });
}

function addElfCommand(program: Command, done: Done): void {
  program
    .command('elf')
    .description('what the maps of BPF object files will take; nothing is loaded')
    .argument('[files...]', 'object files, or programs that hold some')
    .option('--kernel-btf <file>', 'on another kernel, by its /sys/kernel/btf/vmlinux')
    .option('--cpus <list>', 'on machines with so many possible CPUs, such as 4,16,128')
    .option(
      '--set <name=N>',
      'what the program would set: max_entries, or name.value_size=N (repeatable)',
      repeatable,
    )
    .option('--measure', 'make the maps in a fresh leaf and compare (needs CAP_BPF)')
    .option('--json', 'one JSON document')
    .option('--bytes', 'plain numbers of bytes in place of readable sizes')
    .addOption(new Option('--make-maps').hideHelp())
    .action(async (files: string[], flags: ElfFlags) => {
      const { elf } = await import('./commands/elf-command.ts');
      done(await elf(files, flags));
    });
}

function addReplayCommand(program: Command, done: Done): void {
  program
    .command('replay')
    .description('the terminal view on a recording that was made with --output')
    .argument('<file>', 'the recording')
    .option('--follow', 'the recording is still being written: go on with it')
    .option('--at <time>', 'begin at this time (90s, 2m), at "peak", or at "end"')
    .option('--speed <factor>', 'how many times faster than it was', '1')
    .action(async (file: string, flags: ReplayFlags) => {
      const { replay } = await import('./commands/replay-command.ts');
      done(await replay(file, flags));
    });
}

function addBudgetCommands(program: Command, done: Done): void {
  const budget = program.command('budget').description('memory budgets: propose them, judge recordings');
  const init = budget
    .command('init')
    .description('measure a few runs and propose a budget file')
    .usage('[options] -- command [arguments...]')
    .argument('[command...]', 'the command to measure')
    .passThroughOptions()
    .option('--write <file>', 'write the file here, not to standard output');
  addRunOptions(init);
  addSeriesOptions(init);
  init.action(async (command: string[], flags: InitFlags) => {
    const { initBudget } = await import('./commands/budget-command.ts');
    done(await initBudget(command, flags));
  });
  const check = budget
    .command('check')
    .description('judge recordings that were made with --output; several are runs of one command')
    .argument('<files...>', 'recordings');
  addBudgetOptions(check);
  addBaselineOptions(check);
  addEvaluateOption(check);
  addReportOption(check);
  check.action(async (files: string[], flags: CheckFlags) => {
    const { checkRecordings } = await import('./commands/budget-command.ts');
    done(await checkRecordings(files, flags));
  });
}

function addCompareCommand(program: Command, done: Done): void {
  program
    .command('compare')
    .description('what has changed between two sets of runs: recordings, summaries, baselines')
    .argument('<base>', 'a recording, a summary or a baseline; several with commas between them')
    .argument('<new>', 'the same')
    .option(
      '--max-regression <rule>',
      "exit with 3 when it got worse: 5%, 2MiB, 'bpf=1%,anon=10%+2MiB'",
      once('--max-regression', COMMAS),
    )
    .option('--strict-host', 'exit with 5 when the two are of different kinds of host')
    .option('--all', 'all metrics, not only those that matter')
    .option('--bytes', 'plain numbers of bytes in place of readable sizes')
    .option('--json', 'one JSON document')
    .action(async (base: string, now: string, flags: CompareFlags) => {
      const { compare } = await import('./commands/compare-command.ts');
      done(await compare(base, now, flags));
    });
}

function addReportCommand(program: Command, done: Done): void {
  const report = program
    .command('report')
    .description('the report on recordings, or on a verdict that was kept with --report json:FILE')
    .argument('<files...>', 'recordings, or one verdict')
    .option('--format <format>', 'text, markdown, junit, github, json or tap', 'text')
    .option('-o, --output <file>', 'write it to a file');
  addBudgetOptions(report);
  addBaselineOptions(report);
  addEvaluateOption(report);
  report.action(async (files: string[], flags: ReportFlags) => {
    const { report: print } = await import('./commands/report-command.ts');
    done(await print(files, flags));
  });
}
