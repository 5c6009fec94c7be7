/** The options of `cmemstat exporter`. */
import { type Command, Option } from 'commander';
import { repeatable } from './repeatable.ts';

/** The options as commander passes them on: unparsed text. */
export interface ExporterFlags {
  listen?: string;
  config?: string;
  cgroup?: string[];
  maxSeries?: string;
  cadvisorNames?: true;
  explain?: string;
  webConfig?: string;
  otlp?: string;
  otlpInterval?: string;
  otlpHeader?: string[];
}

/** Declares the options of `cmemstat exporter`. */
export function addExporterOptions(command: Command): Command {
  return command
    .option('--listen <address>', 'HOST:PORT to listen on; :PORT for all addresses (default: 127.0.0.1:9753)')
    .option('--config <file>', 'JSON file with these options')
    .addOption(
      new Option(
        '--cgroup <pattern>',
        'only cgroups with this part of a name or path, or a matching glob (repeatable)',
      ).argParser(repeatable),
    )
    .option('--max-series <n>', 'at most n series (default: 100, and 3 for each container)')
    .option('--cadvisor-names', 'also export the names that cAdvisor gives the same figures')
    .option('--explain <interval>', 'scan the pages of the host at this interval, at least 1h')
    .option('--web-config <file>', "TLS and users, in the format of Prometheus' exporters")
    .option('--otlp <url>', 'push the figures to a receiver of OTLP/HTTP')
    .option('--otlp-interval <interval>', 'push at this interval, at least 1s (default: 60s)')
    .addOption(
      new Option('--otlp-header <header>', 'NAME:VALUE to send with each push (repeatable)').argParser(
        repeatable,
      ),
    );
}
