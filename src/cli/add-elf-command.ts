import type { Command } from 'commander';
import type { ElfFlags } from './commands/elf-command.ts';
import { repeatable } from './options/repeatable.ts';
import { DependentOption } from './options/requirements.ts';

/** Declares `cmemstat elf`; `done` receives the exit status. */
export function addElfCommand(program: Command, done: (status: number) => void): void {
  program
    .command('elf')
    .description('predict the memory of the maps in BPF object files, without loading them')
    .argument('[files...]', 'BPF object files, or executables that embed them')
    .option('--kernel-btf <file>', 'predict for another kernel, from its /sys/kernel/btf/vmlinux')
    .option(
      '--cpus <list>',
      'predict for these numbers of possible CPUs, such as 4,16,128 (default: this machine)',
    )
    .option(
      '--set <name=N>',
      'set max_entries of a map, or name.value_size=N, as the loading program would (repeatable)',
      repeatable,
    )
    .addOption(
      new DependentOption(
        '--measure',
        'create the maps in a fresh cgroup and compare (needs CAP_BPF)',
      ).conflicts('kernelBtf'),
    )
    .option('--json', 'print one JSON document')
    .addOption(new DependentOption('--bytes', 'print sizes in bytes').conflicts('json'))
    .addOption(new DependentOption('--make-maps').hideHelp())
    .action(async (files: string[], flags: ElfFlags) => {
      const { elf } = await import('./commands/elf-command.ts');
      done(await elf(files, flags));
    });
}
