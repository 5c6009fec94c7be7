/** Shell-independent description of completions: commands, options and kinds of their values. */

/** The kinds of values. */
export type CompletionValue =
  /** One of several words. */
  | { kind: 'words'; words: readonly string[] }
  /** One of several words, or a word, a colon and a file. */
  | { kind: 'wordAndFile'; words: readonly string[] }
  | { kind: 'file' }
  | { kind: 'directory' }
  | { kind: 'user' }
  /** A program followed by its own arguments. */
  | { kind: 'target' }
  /** Free text, without completion. */
  | { kind: 'text' };

/** An option of a command. */
export interface CompletionOption {
  /** Such as `-i`. */
  short: string | undefined;
  /** Such as `--interval`. */
  long: string;
  description: string;
  isRepeatable: boolean;
  /** Absent if it takes no value. */
  value: (CompletionValue & { name: string; isOptional: boolean }) | undefined;
}

/** A positional argument of a command. */
export type CompletionArgument = CompletionValue & { name: string; isVariadic: boolean };

/** A command, or the program itself. */
export interface CompletionCommand {
  name: string;
  description: string;
  options: readonly CompletionOption[];
  arguments: readonly CompletionArgument[];
  commands: readonly CompletionCommand[];
}

/**
 * A command with its path: empty for the program, `['budget', 'init']` for `cmemstat budget init`.
 */
export interface CommandAtPath {
  path: readonly string[];
  command: CompletionCommand;
}

/** The program and all its subcommands, recursively. */
export function flattenCommands(command: CompletionCommand, path: readonly string[] = []): CommandAtPath[] {
  return [
    { path, command },
    ...command.commands.flatMap((each) => flattenCommands(each, [...path, each.name])),
  ];
}

/** A text in single quotes of bash and zsh. Source: POSIX, Shell Command Language, 2.2.2. */
export function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
