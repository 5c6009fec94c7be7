/** The command line: options, help, and which command they belong to. */
import { Command, CommanderError, type Option } from 'commander';
import { run } from '../app/run/run.ts';
import { UsageError } from '../errors.ts';
import { EXIT_STATUS_HELP } from '../exit-codes.ts';
import { VERSION } from '../version.ts';
import { addGateOptions, type GateFlags, wantsGate } from './options/gate-flags.ts';
import { addRunOptions, type RunFlags, toRunOptions } from './options/run-flags.ts';

/** Command lines to begin with. */
export const EXAMPLES = `Examples:
  cmemstat -- ./agent                                a live view on a terminal, else a table
  cmemstat --json -- ./agent | jq .current           one JSON object a line
  cmemstat --budget 'bpf<=32MiB' -- ./agent --test   exit with 3 when it takes more
  cmemstat --runs 10 --baseline base.json -- make    several runs, and what has changed
  cmemstat --output run.jsonl -- ./agent             keep a recording
  cmemstat replay run.jsonl                          look at it later
  cmemstat --memory-max 512M -- redis-server         with a limit of its own
  cmemstat maps --group-by comm                      whose BPF maps take how much
  cmemstat elf agent.bpf.o                           what its maps will take
  cmemstat doctor                                    what this host can measure`;

/** The command and the options of a run; the other commands are added where they are needed. */
export function declareProgram(): Command {
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
  addGateOptions(program);
  return program;
}

/**
 * Takes a command line apart and carries it out; returns the exit status.
 * @throws ToolError; UsageError where the command line is wrong.
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
    const { judge } = await import('./commands/gate-command.ts');
    status = await judge(options, flags);
  });
  // Behind `--` there is a target for sure: what is not needed for it costs no time.
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

/** The command of ours that was meant, in full: `cmemstat budget check`. */
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
  // A command of commands without one: commander has written its help, and has no message.
  if (error.code === 'commander.help') {
    throw new UsageError('command', 'budget: which one, init or check?', help);
  }
  const message = error.message.replace(/^error: /, '');
  const option = /'(-[^' ]*)/.exec(message)?.[1] ?? 'command';
  throw new UsageError(option, message, help);
}
