/** The options of `cmemstat top`. */
import type { Command } from 'commander';
import { HOST_FIGURES } from '../../model/host/host-cgroups.ts';
import { oneOfOption } from './one-of.ts';
import { DependentOption } from './requirements.ts';

/** The columns to sort by. */
export const TOP_SORTS = [...HOST_FIGURES, 'name'] as const;

/** The options as commander passes them on: unparsed text. */
export interface TopFlags {
  once?: true;
  json?: true;
  interval?: string;
  depth?: string;
  sort?: string;
  top?: string;
  filter?: string;
  bytes?: true;
}

/** Declares the options of `cmemstat top`. */
export function addTopOptions(command: Command): Command {
  return command
    .option('--once', 'print one table (default unless stdout is a terminal)')
    .option('--json', 'print one JSON document; with --interval one per line')
    .addOption(
      new DependentOption(
        '--interval <duration>',
        'time between two readings (view: 1s; otherwise one reading)',
      ).conflicts('once'),
    )
    .addOption(
      oneOfOption('--sort <column>', `sort by ${TOP_SORTS.join(', ')} (default: current)`, TOP_SORTS),
    )
    .option('--depth <n>', 'levels below the root')
    .option('--top <n>', 'only the n largest cgroups, with those that they are in')
    .option('--filter <text>', 'only cgroups with this part of a name or path, or a matching glob')
    .addOption(new DependentOption('--bytes', 'print sizes in bytes').conflicts('json'));
}
