import type { Command } from 'commander';
import { type Add, type Done, SUBCOMMANDS } from './add-commands.ts';
import { addElfCommand } from './add-elf-command.ts';
import { addExporterCommand } from './add-exporter-command.ts';
import { addTopCommand } from './add-top-command.ts';

const SEPARATE: Readonly<Record<string, Add>> = {
  top: addTopCommand,
  exporter: addExporterCommand,
  elf: addElfCommand,
};

/** Declares all subcommands. */
export function addCommands(program: Command, done: Done): void {
  for (const [name, add = SEPARATE[name]] of Object.entries(SUBCOMMANDS)) add?.(program, done);
}
