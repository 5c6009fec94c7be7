/** The command line: options, help, and which command they belong to. */
import { Command, CommanderError, Option } from 'commander';
import { UsageError } from '../errors.ts';
import { EXIT_STATUS_HELP } from '../exit-codes.ts';
import { run } from '../run.ts';
import { VERSION } from '../version.ts';
import type { ElfFlags } from './commands/elf.ts';
import { addMapsOptions, type MapsFlags } from './maps-flags.ts';
import { addRunOptions, type RunFlags, toRunOptions } from './run-flags.ts';

const EXAMPLES = `Examples:
  cmemstat -- ./agent                                a row of figures each 500ms, and a summary
  cmemstat --json -- ./agent | jq .current           one JSON object a line
  cmemstat --quiet --summary-json s.json -- make     the summary alone, also as a file
  cmemstat --memory-max 512M -- redis-server         with a limit of its own
  cmemstat maps --group-by comm                      whose BPF maps take how much
  cmemstat elf agent.bpf.o                           what its maps will take
  cmemstat doctor                                    what this host can measure`;

/**
 * Takes a command line apart and carries it out; returns the exit status.
 * @throws ToolError; UsageError where the command line is wrong.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let status = 0;
  const program = new Command('cmemstat')
    .description('Runs a command in a fresh memory cgroup and measures what it really costs in memory.')
    .usage('[options] -- command [arguments...]')
    .version(VERSION)
    .argument('[command...]', 'the command to measure; options after it, or after --, are its own')
    .passThroughOptions()
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .addHelpText('after', `\n${EXAMPLES}\n\n${EXIT_STATUS_HELP}`);
  addRunOptions(program);

  const { ours, command } = splitAtDashes(args, program.options);
  program.action(async (words: string[], flags: RunFlags) => {
    status = await run(toRunOptions(flags, command ?? words));
  });
  program
    .command('doctor')
    .description('what this host can measure, and what to do where it can not')
    .option('--json', 'one JSON document')
    .option('--cgroup-parent <path>', 'as in a run')
    .action(async (flags: { json?: true; cgroupParent?: string }) => {
      const { doctor } = await import('./commands/doctor.ts');
      status = await doctor({ json: flags.json === true, cgroupParent: flags.cgroupParent });
    });
  addMapsCommand(program, (ended) => {
    status = ended;
  });
  addElfCommand(program, (ended) => {
    status = ended;
  });
  try {
    await program.parseAsync([...ours], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return explain(error);
    throw error;
  }
  return status;
}

function addMapsCommand(program: Command, done: (status: number) => void): void {
  const command = program
    .command('maps')
    .description('the BPF maps of this host: whose they are, what they take, whether they are used');
  addMapsOptions(command).action(async (flags: MapsFlags) => {
    const { maps } = await import('./commands/maps.ts');
    done(await maps(flags));
  });
}

function addElfCommand(program: Command, done: (status: number) => void): void {
  program
    .command('elf')
    .description('what the maps of BPF object files will take; nothing is loaded')
    .argument('[files...]', 'object files, or programs that hold some')
    .option('--kernel-btf <file>', 'on another kernel, by its /sys/kernel/btf/vmlinux')
    .option('--cpus <list>', 'on machines with so many possible CPUs, such as 4,16,128')
    .option(
      '--set <name=N>',
      'what the program would set: max_entries, or name.value_size=N (repeatable)',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--measure', 'make the maps in a fresh leaf and compare (needs CAP_BPF)')
    .option('--json', 'one JSON document')
    .option('--bytes', 'plain numbers of bytes in place of readable sizes')
    .addOption(new Option('--make-maps').hideHelp())
    .action(async (files: string[], flags: ElfFlags) => {
      const { elf } = await import('./commands/elf.ts');
      done(await elf(files, flags));
    });
}

/**
 * Cuts the command line at the `--` that ends our own options, so that the target may be called like one of our own
 * commands. A `--` that comes after a word belongs to the target.
 */
function splitAtDashes(
  args: readonly string[],
  options: readonly Option[],
): { ours: readonly string[]; command: string[] | undefined } {
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (word === '--') return { ours: args.slice(0, at), command: args.slice(at + 1) };
    if (!word.startsWith('-')) break;
    const option = options.find((each) => each.long === word || each.short === word);
    if (option?.required) at += 1;
  }
  return { ours: args, command: undefined };
}

function explain(error: CommanderError): number {
  if (error.exitCode === 0) return 0;
  const message = error.message.replace(/^error: /, '');
  const option = /'(-[^' ]*)/.exec(message)?.[1] ?? 'command';
  throw new UsageError(option, message, 'cmemstat --help');
}
