import type { Command } from 'commander';
import { type Done, SUBCOMMANDS } from './add-commands.ts';
import { addElfCommand } from './add-elf-command.ts';
import { addTopCommand } from './add-top-command.ts';

/** Declares all subcommands. */
export function addCommands(program: Command, done: Done): void {
  for (const [name, add] of Object.entries(SUBCOMMANDS)) {
    add(program, done);
    if (name !== 'attach') continue;
    addTopCommand(program, done);
    addElfCommand(program, done);
  }
}
