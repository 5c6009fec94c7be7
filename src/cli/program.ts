/** The command line: options, help, and which command they belong to. */
import { Command, CommanderError, type Option } from 'commander';
import { run } from '../app/run/run.ts';
import { UsageError } from '../errors.ts';
import { EXIT_STATUS_HELP } from '../exit-codes.ts';
import { VERSION } from '../version.ts';
import { addGateOptions, type GateFlags, wantsGate } from './options/gate-flags.ts';
import { addRunOptions, type RunFlags, toRunOptions } from './options/run-flags.ts';

/** The examples of `--help`. */
export const EXAMPLES = `Examples:
  cmemstat -- ./agent                                live view on a terminal, otherwise a table
  cmemstat --json -- ./agent | jq .current           one JSON object per line
  cmemstat --budget 'bpf<=32MiB' -- ./agent --test   exit with 3 if the budget is exceeded
  cmemstat --runs 10 --baseline base.json -- make    compare several runs with a baseline
  cmemstat --output run.jsonl -- ./agent             write a recording
  cmemstat replay run.jsonl                          open it in the terminal view
  cmemstat --memory-max 512M -- redis-server         with a memory limit
  cmemstat maps --group-by comm                      BPF memory by process name
  cmemstat elf agent.bpf.o                           predict the memory of its maps
  cmemstat doctor                                    what this host can measure`;

/** The root command with the options of a run; the subcommands are added only when needed. */
export function declareProgram(): Command {
  const program = new Command('cmemstat')
    .description(
      'Runs a command in a fresh memory cgroup and measures its memory use, kernel memory and BPF maps included.',
    )
    .usage('[options] -- command [arguments...]')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .argument('[command...]', 'command to measure; options after it, or after --, are passed to it')
    .passThroughOptions()
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .configureHelp({ optionDescription: describeOption })
    .addHelpText('after', `\n${EXAMPLES}\n\n${EXIT_STATUS_HELP}`);
  addRunOptions(program);
  addGateOptions(program);
  return program;
}

/** Defaults without quotes, as the descriptions that name a default write them; these name the choices too. */
function describeOption({ description, defaultValue }: Option): string {
  return typeof defaultValue === 'string' ? `${description} (default: ${defaultValue})` : description;
}

/**
 * Parses and runs a command line; returns the exit status.
 * @throws UsageError for a wrong command line; any ToolError of the command.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let status = 0;
  const program = declareProgram();
  const { ours, command } = splitAtDashes(args, program.options);
  program.action(async (words: string[], flags: RunFlags & GateFlags) => {
    const options = toRunOptions(flags, command ?? words);
    if (!wantsGate(flags)) {
      status = await run(options);
      return;
    }
    const { gate } = await import('./commands/gate-command.ts');
    status = await gate(options, flags);
  });
  // After `--` comes a target, never a subcommand: do not spend time on declaring them.
  if (command === undefined || ours.some((word) => word === '--help' || word === '-h')) {
    const { addCommands } = await import('./add-commands.ts');
    addCommands(program, (ended) => {
      status = ended;
    });
  }
  try {
    await program.parseAsync([...ours], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return explain(error, commandIn(program, ours));
    throw error;
  }
  return status;
}

/**
 * Splits the command line at the `--` that ends our own options, so that the target may have the name of a
 * subcommand. A `--` after a positional argument belongs to the target.
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

/** The full name of the subcommand on the command line: `cmemstat budget check`. */
function commandIn(program: Command, words: readonly string[]): string {
  let command = program;
  let name = 'cmemstat';
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
    name += ` ${word}`;
  }
  return name;
}

function explain(error: CommanderError, command: string): number {
  if (error.exitCode === 0) return 0;
  const help = `${command} --help`;
  // A command group without a subcommand: commander prints its help and gives no message.
  if (error.code === 'commander.help') {
    throw new UsageError('command', 'budget: expected a subcommand: init or check', help);
  }
  const message = error.message.replace(/^error: /, '');
  const option = /'(-[^' ]*)/.exec(message)?.[1] ?? 'command';
  throw new UsageError(option, message, help);
}
