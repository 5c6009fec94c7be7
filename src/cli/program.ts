/** The command line: options, help, and which command they belong to. */
import { Command, CommanderError, type Option } from 'commander';
import { UsageError } from '../errors.ts';
import { EXIT_STATUS_HELP } from '../exit-codes.ts';
import { VERSION } from '../version.ts';
import { addGateOptions, type GateFlags } from './options/gate-flags.ts';
import { checkRequirements } from './options/requirements.ts';
import { addRunOptions, type RunFlags } from './options/run-flags.ts';

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
  const program = declareRoot();
  addRunOptions(program);
  addGateOptions(program);
  return program;
}

function declareRoot(): Command {
  return new Command('cmemstat')
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
    .hook('preAction', (_, command) => checkRequirements(command))
    .configureHelp({ optionDescription: describeOption })
    .addHelpText('after', `\n${EXAMPLES}\n\n${EXIT_STATUS_HELP}`);
}

/**
 * Defaults without quotes, as in descriptions; descriptions also name the choices.
 */
function describeOption({ description, defaultValue }: Option): string {
  return typeof defaultValue === 'string' ? `${description} (default: ${defaultValue})` : description;
}

/**
 * Parses and runs a command line; returns the exit status.
 * @throws UsageError for a wrong command line; any ToolError of the command.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let status = 0;
  const done = (ended: number) => {
    status = ended;
  };
  const [first = ''] = args;
  if (/^[a-z]+$/.test(first)) {
    // A subcommand does not need the options of a run or the other subcommands.
    const { addCommand } = await import('./add-commands.ts');
    const root = declareRoot();
    if (addCommand(root, first, done)) {
      await parse(root, args);
      return status;
    }
  }
  const program = declareRoot();
  addRunOptions(program);
  const gateOptions = addGateOptions(program);
  const { ours, command } = splitAtDashes(args, program.options);
  program.action(async (words: string[], flags: RunFlags & GateFlags) => {
    const { runCommand } = await import('./commands/run-command.ts');
    status = await runCommand(command ?? words, flags, gateOptions);
  });
  // After `--` comes a target, never a subcommand, so do not spend time on declaring them.
  if (command === undefined || ours.some((word) => word === '--help' || word === '-h')) {
    const { addCommands } = await import('./add-commands.ts');
    addCommands(program, done);
  }
  await parse(program, ours);
  return status;
}

/** @throws UsageError for a wrong command line; any ToolError of the command. */
async function parse(program: Command, words: readonly string[]): Promise<void> {
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    explain(error, commandIn(program, words));
  }
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

/** Returns for the help and the version, which are not errors. @throws UsageError for others. */
function explain(error: CommanderError, command: string): void {
  if (error.exitCode === 0) return;
  const help = `${command} --help`;
  // A command group without a subcommand: commander prints its help without a message.
  if (error.code === 'commander.help') {
    throw new UsageError('command', 'budget: expected a subcommand: init or check', help);
  }
  const message = error.message
    .replace(/^error: /, '')
    .replace(/^option '(-\S+).*?' cannot be used with option '(-\S+?)(?: .*)?'$/, '$1 conflicts with $2');
  const option = /(?:^|')(-[^' ]*)/.exec(message)?.[1] ?? 'command';
  throw new UsageError(option, message, help);
}
