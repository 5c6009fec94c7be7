/** The options `--csv` and `--tsv` of commands that print a table. */
import { type Command, Option } from 'commander';
import type { Separator } from '../../export/delimited-text.ts';

/** The options as commander passes them on. */
export interface DelimitedFlags {
  csv?: true;
  tsv?: true;
}

/** Declares them; they conflict with each other, with `--json`, `--bytes` and what is named. */
export function addDelimitedOptions(command: Command, conflicts: readonly string[] = []): Command {
  const others = ['json', 'bytes', ...conflicts];
  return command
    .addOption(new Option('--csv', 'print comma-separated values').conflicts([...others, 'tsv']))
    .addOption(new Option('--tsv', 'print tab-separated values').conflicts([...others, 'csv']));
}

/** Undefined without one of them. */
export function separatorOf({ csv, tsv }: DelimitedFlags): Separator | undefined {
  return csv === true ? ',' : tsv === true ? '\t' : undefined;
}
