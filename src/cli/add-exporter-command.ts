import type { Command } from 'commander';
import { addExporterOptions, type ExporterFlags } from './options/exporter-flags.ts';

/** Declares `cmemstat exporter`; `done` receives the exit status. */
export function addExporterCommand(program: Command, done: (status: number) => void): void {
  const command = program
    .command('exporter')
    .description('serve the memory of cgroups and BPF maps of this host to Prometheus');
  addExporterOptions(command).action(async (flags: ExporterFlags) => {
    const { exporter } = await import('./commands/exporter-command.ts');
    done(await exporter(flags));
  });
}
