/** What shells complete, without any shell: the commands, their options and the kinds of their values. */

/** What may stand in the place of a value. */
export type CompletionValue =
  /** One of some words. */
  | { kind: 'words'; words: readonly string[] }
  /** One of some words, or the word, a colon and a file. */
  | { kind: 'wordAndFile'; words: readonly string[] }
  | { kind: 'file' }
  | { kind: 'directory' }
  | { kind: 'user' }
  /** A program and its arguments: whatever follows belongs to it. */
  | { kind: 'target' }
  /** Free text, of which a shell knows nothing. */
  | { kind: 'text' };

/** An option of a command. */
export interface CompletionOption {
  /** Such as `-i`. */
  short: string | undefined;
  /** Such as `--interval`. */
  long: string;
  description: string;
  isRepeatable: boolean;
  /** Absent where it takes no value. */
  value: (CompletionValue & { name: string; isOptional: boolean }) | undefined;
}

/** An argument of a command, in its place. */
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
 * A command with the names that lead to it: none for the program, `['budget', 'init']` for `cmemstat budget
 * init`.
 */
export interface CommandAtPath {
  path: readonly string[];
  command: CompletionCommand;
}

/** The program and every command below it. */
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
