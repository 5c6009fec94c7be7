import type { Command, Option } from 'commander';
import { renderBashCompletion } from '../../app/completion/bash-completion.ts';
import type { CompletionCommand, CompletionValue } from '../../app/completion/completion-spec.ts';
import { renderFishCompletion } from '../../app/completion/fish-completion.ts';
import { renderZshCompletion } from '../../app/completion/zsh-completion.ts';
import { MAP_TYPES } from '../../kernel/bpf/sys/bpf-enums.ts';
import { StandardOutput } from '../../output/standard-output.ts';
import { repeatable } from '../options/repeatable.ts';
import type { Shell } from '../options/shells.ts';

const RENDERERS: Readonly<Record<Shell, (program: CompletionCommand) => string>> = {
  bash: renderBashCompletion,
  zsh: renderZshCompletion,
  fish: renderFishCompletion,
};

/** Prints the completion script for a shell. */
export async function completion(shell: Shell, program: Command): Promise<number> {
  await new StandardOutput().write(RENDERERS[shell](describeProgram(program)).trimEnd());
  return 0;
}

/** The program with `cmemstat help`, which is not declared: `help` could be the target of a run. */
export function describeProgram(program: Command): CompletionCommand {
  const described = describeCommand(program);
  const withoutHelp = (commands: readonly CompletionCommand[]) =>
    commands.filter(({ name }) => name !== 'help');
  const commands = withoutHelp(described.commands);
  const nested = commands.flatMap((each) => withoutHelp(each.commands));
  const help: CompletionCommand = {
    name: 'help',
    description: 'print the help of a command',
    options: [],
    arguments: [commands, nested].map((list) => ({
      kind: 'words',
      words: list.map(({ name }) => name),
      name: 'command',
      isVariadic: false,
    })),
    commands: [],
  };
  return { ...described, commands: [...commands, help] };
}

/** Words among the values of options that accept other text too. */
const SUGGESTIONS: Readonly<Record<string, readonly string[]>> = {
  '--at': ['peak', 'end'],
  '--kill-after': ['never'],
  '--type': MAP_TYPES.slice(1),
};

/**
 * A declared command with the fields that the help shows; `siblings` are what `help` takes as its argument.
 */
function describeCommand(command: Command, siblings: readonly string[] = []): CompletionCommand {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const names = commands.map((each) => each.name());
  return {
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command).flatMap((option) => {
      if (option.long === undefined) return [];
      return [
        {
          short: option.short,
          long: option.long,
          description: option.description,
          isRepeatable: option.parseArg === repeatable,
          value: optionValue(option),
        },
      ];
    }),
    arguments: command.registeredArguments.map((argument) => ({
      ...kindOf(argument.name(), command.name() === 'help' ? siblings : argument.argChoices),
      name: argument.name(),
      isVariadic: argument.variadic,
    })),
    commands: commands.map((each) => describeCommand(each, names)),
  };
}

function optionValue(option: Option): CompletionCommand['options'][number]['value'] {
  if (!option.required && !option.optional) return undefined;
  // commander also treats the brackets in <format[:file]> as an optional value.
  const [, name = 'value'] = /[<[](.*)[>\]]$/.exec(option.flags) ?? [];
  return {
    ...kindOf(name, option.argChoices ?? SUGGESTIONS[option.long ?? '']),
    name,
    isOptional: !option.required,
  };
}

/** The completion for a placeholder in the help, such as `<file>`. */
function kindOf(placeholder: string, choices: readonly string[] | undefined): CompletionValue {
  if (placeholder === 'format[:file]') return { kind: 'wordAndFile', words: choices ?? [] };
  if (choices !== undefined) return { kind: 'words', words: choices };
  switch (placeholder) {
    case 'file':
    case 'files':
    case 'base':
    case 'new':
      return { kind: 'file' };
    case 'directory':
    case 'path':
      return { kind: 'directory' };
    case 'name|uid[:gid]':
      return { kind: 'user' };
    case 'command':
      return { kind: 'target' };
    default:
      return { kind: 'text' };
  }
}
