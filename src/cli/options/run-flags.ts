/** The options of a run. */
import { type Command, Option } from 'commander';
import { EXPLAIN_MOMENTS } from '../../model/explain/explain-record.ts';
import { oneOfOption } from './one-of.ts';
import { repeatable } from './repeatable.ts';
import { DependentOption } from './requirements.ts';

/** The options as commander passes them on: unparsed text. */
export interface RunFlags {
  /** Undefined if not given: a budget file may set these three. */
  interval?: string;
  bpfInterval?: string;
  processInterval?: string;
  json?: true;
  output?: string;
  summaryJson?: string;
  quiet?: true;
  summary?: boolean;
  bytes?: true;
  verbose?: true;
  cgroupParent?: string;
  placement?: string;
  require?: string;
  memoryMax?: string;
  memoryHigh?: string;
  swapMax?: string;
  pidsMax?: string;
  oomGroup?: true;
  inheritLimits?: true;
  inheritRatio: string;
  cwd?: string;
  env?: string[];
  user?: string;
  /** False with `--no-new-privs`. */
  newPrivs?: boolean;
  stdin?: string;
  stdout?: string;
  stderr?: string;
  wait: string;
  killAfter: string;
  explain?: string[];
  failOnLeftover?: true;
  timeout?: string;
  tui?: boolean;
  exitOnEnd?: true;
}

/** The values of `--placement`. */
export const PLACEMENTS = ['systemd', 'top', 'own', 'process-tree'] as const;
/** The values of `--require`. */
export const REQUIRED = ['cgroup'] as const;
/** The values of `--wait`. */
export const WAITS = ['target', 'all'] as const;

/** Declares when and what is read. */
export function addSamplingOptions(command: Command): void {
  command
    .optionsGroup('Sampling:')
    .option(
      '-i, --interval <duration>',
      'time between samples, such as 100ms or 1s; a bare number is in seconds (default: 500ms)',
    )
    .option('--bpf-interval <duration>', 'time between readings of BPF memory; 0 disables them (default: 1s)')
    .option('--process-interval <duration>', 'time between process snapshots; 0 disables them (default: 2s)')
    .addOption(
      new Option(
        '--explain <moment>',
        `list the memory by name at this moment: ${EXPLAIN_MOMENTS.join(', ')} (repeatable)`,
      )
        .choices(EXPLAIN_MOMENTS)
        .argParser(repeatable),
    );
}

/** Declares what is written. */
export function addOutputOptions(command: Command): void {
  command
    .optionsGroup('Output:')
    .option('--json', "print one JSON object per line to stdout; the target's stdout goes to stderr")
    .option('-o, --output <file>', 'write a recording (the same JSON lines) to a file')
    .option('--summary-json <file>', 'write only the summary to a file, as JSON')
    .option('-q, --quiet', 'print only a summary of at most six lines')
    .option('--no-summary', 'print no summary; with --quiet, only failures and reports are printed')
    .option('--bytes', 'print sizes in bytes')
    .option('-v, --verbose', 'print where the cgroup was created and why, and what was set');
}

/** Declares when the view opens and closes. */
export function addViewOptions(command: Command): void {
  command
    .optionsGroup('Terminal view:')
    .option('--tui', 'open the view even if stdio is not a terminal (it draws on /dev/tty)')
    .option('--no-tui', 'print a table instead of the view; for targets that use the terminal themselves')
    .option('--exit-on-end', 'close the view when the target ends');
}

/** Declares the options of a run. */
export function addRunOptions(program: Command): void {
  addSamplingOptions(program);
  addOutputOptions(program);
  addViewOptions(program);
  program
    .optionsGroup('Cgroup placement:')
    .option('--cgroup-parent <path>', 'create the cgroup below this one')
    .addOption(
      oneOfOption(
        '--placement <kind>',
        `use only this placement: ${PLACEMENTS.join(', ')}; top is outside the limits of the caller`,
        PLACEMENTS,
      ),
    )
    .addOption(
      oneOfOption('--require <what>', '"cgroup": fail instead of falling back to the process tree', REQUIRED),
    )
    .optionsGroup('Limits of the target (sizes such as 512M, 1.5GiB or max):')
    .option('--memory-max <size>', 'set memory.max of the cgroup')
    .option('--memory-high <size>', 'set memory.high of the cgroup')
    .option('--swap-max <size>', 'set memory.swap.max of the cgroup')
    .option('--pids-max <number>', 'set pids.max of the cgroup')
    .option('--oom-group', 'kill the whole cgroup on an OOM kill (memory.oom.group)')
    .option(
      '--inherit-limits',
      'configure Go, Node.js and the JVM for the effective limits, by environment variables',
    )
    .addOption(
      new DependentOption('--inherit-ratio <ratio>', 'share of the memory limit that they may use')
        .requires({ name: '--inherit-limits', options: ['--inherit-limits'], hint: '--inherit-limits' })
        .default('0.9'),
    )
    .optionsGroup('Target:')
    .option('--cwd <directory>', 'set the working directory')
    .option('--env <NAME=VALUE>', 'set an environment variable (repeatable)', repeatable)
    .option(
      '--user <name|uid[:gid]>',
      'run the target as this user, with its groups, HOME, USER, LOGNAME and SHELL, without capabilities (root only)',
    )
    .option('--no-new-privs', 'setuid programs give the target no privileges')
    .option('--stdin <file>', 'read standard input from a file')
    .option('--stdout <file>', 'write standard output to a file')
    .option('--stderr <file>', 'write standard error to a file')
    .addOption(
      oneOfOption(
        '--wait <for>',
        'wait for the "target", or for "all" processes in the cgroup',
        WAITS,
      ).default('target'),
    )
    .option('--timeout <duration>', 'terminate the target after this time and exit with 124')
    .option(
      '--fail-on-leftover',
      'exit with 4 if BPF maps, files on tmpfs or System V segments outlive the run',
    )
    .option(
      '--kill-after <duration>',
      'time from the first signal until the cgroup is killed, or "never"',
      '10s',
    );
}
