/** The options of `cmemstat explain`. */
import { type Command, Option } from 'commander';
import { EXPLAIN_KEYS } from '../../app/explain/group-by.ts';
import { addDelimitedOptions, type DelimitedFlags } from './delimited-flags.ts';
import { oneOfOption } from './one-of.ts';

/** The options as commander passes them on: unparsed text. */
export interface ExplainFlags extends DelimitedFlags {
  by?: string;
  top?: string;
  min?: string;
  used?: true;
  names: boolean;
  freeze?: true;
  sample?: string;
  bytes?: true;
  json?: true;
  html?: string;
}

/** Declares the argument and the options of `cmemstat explain`. */
export function addExplainOptions(command: Command): Command {
  command
    .argument(
      '[target]',
      'a memory cgroup by its path, or by what runs in it: pid:N, unit:NAME, container:NAME-or-ID, pod:NAMESPACE/NAME, comm:NAME (default: the whole host)',
    )
    .addOption(oneOfOption('--by <key>', `print sums by ${EXPLAIN_KEYS.join(', ')}`, EXPLAIN_KEYS))
    .option(
      '--top <n>',
      'limit the lines below each line (default: 10; with --json, --csv and --tsv no limit)',
    )
    .option('--min <size>', 'combine what is smaller, such as 1MiB (default: 0.1% of all)')
    .option('--used', 'also list files that other cgroups pay for and that this one uses')
    .option('--no-names', 'print no names of files, commands and users')
    .option('--freeze', 'freeze the processes while their memory is read; only for a cgroup made by cmemstat')
    .option('--sample <n>', 'read one in n pages of the host and estimate the rest')
    .addOption(new Option('--bytes', 'print sizes in bytes').conflicts('json'))
    .option('--json', 'print one JSON document')
    .addOption(
      new Option('--html <file>', 'write a page with treemap, pie and tables instead').conflicts([
        ...['json', 'csv', 'tsv', 'bytes', 'top', 'min'],
      ]),
    );
  return addDelimitedOptions(command);
}
