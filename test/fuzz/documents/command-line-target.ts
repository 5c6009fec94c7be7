/** Command lines: parsed with the declared options, up to the plan of a run; nothing is started. */
import { type Command, CommanderError, type Option } from 'commander';
import { parseMaxRegression } from '#src/budget/comparison/max-regression.ts';
import { addCommands } from '#src/cli/all-commands.ts';
import { parseChange, parseCpuCounts } from '#src/cli/commands/elf-command.ts';
import type { GateFlags } from '#src/cli/options/gate-flags.ts';
import { toGatePlan, toSeriesPlan } from '#src/cli/options/gate-plan.ts';
import { rejectSharedPlaces, runPlaces } from '#src/cli/options/places.ts';
import { reportPlaces } from '#src/cli/options/report-places.ts';
import type { RunFlags } from '#src/cli/options/run-flags.ts';
import { toRunOptions } from '#src/cli/options/run-options.ts';
import { declareProgram } from '#src/cli/program.ts';
import { formatCommand, formatShortCommand, safeText } from '#src/format/safe-text.ts';
import { parseReportFormat } from '#src/report/render-report.ts';
import { findDelegatingClient } from '#src/target/delegating-client.ts';
import { targetEnvironment } from '#src/target/environment.ts';
import { parseMoment } from '#src/view/state/moment.ts';
import { hostileText } from '../mutate-bytes.ts';
import type { Random } from '../random.ts';
import type { DocumentTarget } from './document-target.ts';
import { expression } from './expression-target.ts';

const TARGETS = ['true', 'docker run x', 'sh -c x', '-- sudo -u nobody true', '-- -x', '--', ''];

/** The longest word that is repeated: all words together have to fit into memory. Unit: characters. */
const MAX_REPEATED = 40;

/** The declared commands; each reads its options, and does nothing else. */
function declare(parsed: string[]): Command {
  const program = declareProgram();
  addCommands(program, () => {});
  program.action((words: string[], flags: RunFlags & GateFlags) => {
    parsed.push(...readRun(words, flags));
  });
  for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
    if (command.commands.length > 0) continue;
    command.action(() => readFlags(command));
  }
  return program;
}

function readRun(words: string[], flags: RunFlags & GateFlags): string[] {
  const options = toRunOptions(flags, words);
  const plan = toGatePlan(flags, undefined, options.failOnLeftover);
  toSeriesPlan(flags, undefined);
  rejectSharedPlaces([...runPlaces(flags), ...reportPlaces(plan.reports)]);
  targetEnvironment([], options.env, undefined).toRecord();
  findDelegatingClient(words);
  return [formatShortCommand(words), safeText(formatCommand(words))];
}

function readFlags(command: Command): void {
  const flags: Record<string, unknown> = command.opts();
  const text = (name: string) => (typeof flags[name] === 'string' ? (flags[name] as string) : undefined);
  if (text('cpus') !== undefined) parseCpuCounts(text('cpus') ?? '');
  if (text('at') !== undefined) parseMoment(text('at') ?? '', '--at');
  if (text('maxRegression') !== undefined) parseMaxRegression(text('maxRegression') ?? '');
  if (command.name() === 'report') parseReportFormat(text('format') ?? '', '--format');
  if (command.name() === 'elf') for (const change of (flags.set as string[]) ?? []) parseChange(change);
}

function makeWords(random: Random): string[] {
  const program = declare([]);
  const commands = program.commands.flatMap((each) => [each, ...each.commands]);
  const command = random.chance(0.6) ? program : random.pick(commands);
  const path = command === program ? [] : pathOf(command);
  const words = [...path];
  for (let left = random.below(5); left > 0 && command.options.length > 0; left -= 1) {
    words.push(...makeOption(random, random.pick(command.options)));
  }
  if (random.chance(0.1)) words.splice(random.below(words.length + 1), 0, hostileText(random));
  const short = words.filter((word) => word.length < MAX_REPEATED);
  if (short.length > 0 && random.chance(0.01)) {
    words.push(...Array.from({ length: 20_000 }, () => random.pick(short)));
  }
  return [...words, ...random.pick(TARGETS).split(' ')];
}

function pathOf(command: Command): string[] {
  return command.parent?.parent == null ? [command.name()] : [command.parent.name(), command.name()];
}

function makeOption(random: Random, option: Option): string[] {
  const flag = (random.chance(0.3) ? option.short : undefined) ?? option.long ?? '';
  if (!option.required && random.chance(0.95)) return [flag];
  const value = random.chance(0.3)
    ? hostileText(random)
    : random.chance(0.5) && option.argChoices !== undefined
      ? random.pick(option.argChoices)
      : expression(random);
  return random.chance(0.5) ? [`${flag}=${value}`] : [flag, value];
}

/** The words are a JSON list. */
export const COMMAND_LINE_TARGET: DocumentTarget = {
  name: 'command-line',
  about: 'options of all commands with values of all kinds',
  extension: 'json',
  // No program gets a NUL in its arguments.
  make: (random) => Buffer.from(JSON.stringify(makeWords(random).map((word) => word.replaceAll('\0', '')))),
  async read(input) {
    const words: unknown = JSON.parse(input.toString());
    if (!Array.isArray(words)) throw new Error('an input is a list of words');
    const parsed: string[] = [];
    try {
      await declare(parsed).parseAsync(words.map(String), { from: 'user' });
    } catch (error) {
      // Help and version are thrown, too.
      const isHelp =
        error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help');
      if (!isHelp) throw error;
    }
    return parsed;
  },
};
