import type { Command } from 'commander';
import { addTopOptions, type TopFlags } from './options/top-flags.ts';

/** Declares `cmemstat top`; `done` receives the exit status. */
export function addTopCommand(program: Command, done: (status: number) => void): void {
  const command = program.command('top').description('show the memory of all cgroups of this host');
  addTopOptions(command).action(async (flags: TopFlags) => {
    const { top } = await import('./commands/top-command.ts');
    done(await top(flags));
  });
}
