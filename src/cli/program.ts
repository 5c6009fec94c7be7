/** The command line: options, help, and which command they belong to. */
import { type Command, CommanderError, type Option } from 'commander';
import { LaunchError, UsageError } from '../errors.ts';
import { EXIT_STATUS_HELP } from '../exit-codes.ts';
import { listWords } from '../format/list-words.ts';
import { countEdits, nearestName } from '../format/nearest-name.ts';
import { VERSION } from '../version.ts';
import { CheckedCommand } from './checked-command.ts';
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
  cmemstat attach nginx.service                      measure what already runs
  cmemstat top                                       all cgroups of this host
  cmemstat maps --group-by comm                      BPF memory by process name
  cmemstat elf agent.bpf.o                           predict the memory of its maps
  cmemstat doctor                                    what this host can measure`;

const USAGE = '[options] -- command [arguments...]';

/** The root command with the options of a run; the subcommands are added only when needed. */
export function declareProgram(): Command {
  const program = declareRoot();
  addRunOptions(program);
  addGateOptions(program);
  return program;
}

/** What commander prints: help and version. */
const printed: string[] = [];

function declareRoot(): Command {
  return new CheckedCommand('cmemstat')
    .description(
      'Runs a command in a fresh memory cgroup and measures its memory use, kernel memory and BPF maps included.',
    )
    .usage(USAGE)
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .argument('[command...]', 'command to measure; options after it, or after --, are passed to it')
    .passThroughOptions()
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: (text) => printed.push(text) })
    .hook('preAction', (_, command) => {
      if (command instanceof CheckedCommand) command.checkArguments();
      checkRequirements(command);
    })
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
  if (args.length === 0) throw await missingCommand();
  if (args[0] === 'help') return runCommandLine(await helpArguments(args.slice(1)));
  let status = 0;
  const done = (ended: number) => {
    status = ended;
  };
  const [first = ''] = args;
  if (/^[a-z]+$/.test(first)) {
    // A subcommand does not need the options of a run or the other subcommands.
    const { addCommand } = await import('./add-commands.ts');
    const root = declareRoot();
    if (await addCommand(root, first, done)) {
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
    try {
      status = await runCommand(command ?? words, flags, gateOptions);
    } catch (error) {
      // After `--` it is certain that a target was meant.
      throw command === undefined ? await withSuggestion(error) : error;
    }
  });
  // After `--` comes a target, never a subcommand, so do not spend time on declaring them.
  if (command === undefined || ours.some((word) => word === '--help' || word === '-h')) {
    const { addCommands } = await import('./all-commands.ts');
    addCommands(program, done);
  }
  await parse(program, ours);
  return status;
}

/** @throws UsageError for a wrong command line; OutputError; any ToolError of the command. */
async function parse(program: Command, words: readonly string[]): Promise<void> {
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are thrown, too.
    if (error.exitCode === 0) {
      const { StandardOutput } = await import('../output/standard-output.ts');
      return new StandardOutput().write(printed.splice(0).join('').trimEnd());
    }
    // A group of commands without one of them: commander would print its help.
    if (error.code !== 'commander.help') throw error;
    const { GROUPS } = await import('./add-commands.ts');
    const name = words[0] ?? '';
    const forms = (GROUPS[name] ?? []).map((each) => `cmemstat ${name} ${each}`);
    throw new UsageError('command', `${name}: missing subcommand`, listWords(forms));
  }
}

/** The error for a command line without arguments: it shows the forms that there are. */
async function missingCommand(): Promise<UsageError> {
  const { COMMAND_NAMES } = await import('./add-commands.ts');
  const usage = [`Usage: cmemstat ${USAGE}`, `       cmemstat ${COMMAND_NAMES.join('|')} ...`];
  return new UsageError('command', 'no command given', 'cmemstat --help', usage.join('\n'));
}

/** `help budget check` as `budget check --help`. @throws UsageError if there is no such command. */
async function helpArguments(words: readonly string[]): Promise<string[]> {
  const { COMMAND_NAMES, GROUPS } = await import('./add-commands.ts');
  const names = words.filter((word) => !word.startsWith('-'));
  let known = COMMAND_NAMES;
  let path = '';
  for (const name of names) {
    if (!known.includes(name)) {
      const nearest = nearestName(name, known);
      throw new UsageError(
        'command',
        `help: unknown command${path} ${name}`,
        nearest === undefined
          ? `one of: ${known.join(', ')}`
          : `did you mean cmemstat help${path} ${nearest}?`,
      );
    }
    known = GROUPS[name] ?? [];
    path += ` ${name}`;
  }
  return [...names, '--help'];
}

/** A target that does not exist and is called similar to one of our commands was probably a typo. */
async function withSuggestion(error: unknown): Promise<unknown> {
  if (!(error instanceof LaunchError) || error.exitCode !== 127 || error.hint !== undefined) return error;
  const { COMMAND_NAMES } = await import('./add-commands.ts');
  const similar = COMMAND_NAMES.find((name) => countEdits(error.command, name) <= 1);
  if (similar === undefined) return error;
  return new LaunchError(error.command, error.exitCode, error.message, {
    hint: `did you mean cmemstat ${similar}?`,
    cause: error,
  });
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
