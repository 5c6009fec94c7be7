/** The options of a run, and how they are parsed. */
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import type { RunOptions } from '../../app/run/options.ts';
import { UsageError } from '../../errors.ts';
import { MAX_TIMER_MS } from '../../format/longest-timer.ts';
import { parseDuration, parseLimitOption } from '../../format/units.ts';
import type { Limit } from '../../kernel/limit.ts';
import { resolveUser } from '../../target/user.ts';
import { oneOf, oneOfOption } from './one-of.ts';
import { repeatable } from './repeatable.ts';

/** The options as commander passes them on: unparsed text. */
export interface RunFlags {
  interval: string;
  bpfInterval: string;
  processInterval: string;
  json?: true;
  output?: string;
  summaryJson?: string;
  quiet?: true;
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
  stdin?: string;
  stdout?: string;
  stderr?: string;
  wait: string;
  killAfter: string;
  failOnLeftover?: true;
  timeout?: string;
  tui?: boolean;
  exitOnEnd?: true;
}

const MIN_INTERVAL_MS = 1;
const MIN_SLOW_INTERVAL_MS = 10;
const PLACEMENTS = ['systemd', 'top', 'own', 'process-tree'] as const;
const REQUIRED = ['cgroup'] as const;
const WAITS = ['target', 'all'] as const;

/** Declares the options of a run. */
export function addRunOptions(program: Command): void {
  program
    .optionsGroup('Sampling:')
    .option(
      '-i, --interval <duration>',
      'time between samples, such as 100ms or 1s; a bare number is in seconds',
      '500ms',
    )
    .option('--bpf-interval <duration>', 'time between readings of BPF memory; 0 disables them', '1s')
    .option('--process-interval <duration>', 'time between process snapshots; 0 disables them', '2s')
    .optionsGroup('Output:')
    .option('--json', "print one JSON object per line to stdout; the target's stdout goes to stderr")
    .option('-o, --output <file>', 'write a recording (the same JSON lines) to a file')
    .option('--summary-json <file>', 'write only the summary to a file, as JSON')
    .option('-q, --quiet', 'print only the summary')
    .option('--bytes', 'print sizes in bytes')
    .option('-v, --verbose', 'print where the cgroup was created and why, and what was set')
    .optionsGroup('Terminal view:')
    .option('--tui', 'open the view even if stdio is not a terminal (it draws on /dev/tty)')
    .option('--no-tui', 'print a table instead of the view; for targets that use the terminal themselves')
    .option('--exit-on-end', 'close the view when the target ends')
    .optionsGroup('Cgroup placement:')
    .option('--cgroup-parent <path>', 'create the cgroup below this one')
    .addOption(
      oneOfOption('--placement <kind>', `use only this placement: ${PLACEMENTS.join(', ')}`, PLACEMENTS),
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
    .option('--inherit-ratio <ratio>', 'share of the memory limit that they may use', '0.9')
    .optionsGroup('Target:')
    .option('--cwd <directory>', 'set the working directory')
    .option('--env <NAME=VALUE>', 'set an environment variable (repeatable)', repeatable)
    .option('--user <name|uid[:gid]>', 'run the target as this user (root only)')
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
    .option('--fail-on-leftover', 'exit with 4 if BPF maps outlive the run')
    .option(
      '--kill-after <duration>',
      'time from the first signal until the cgroup is killed, or "never"',
      '10s',
    );
}

/**
 * Parses the options of a run.
 * @throws UsageError that names the option and what it expects.
 */
export function toRunOptions(
  flags: RunFlags,
  command: string[],
  isStdoutTerminal: boolean = isatty(1),
): RunOptions {
  if (command.length === 0) {
    throw new UsageError('command', 'no command given', 'cmemstat -- command [arguments...]');
  }
  if (flags.json === true && flags.tui === true && isStdoutTerminal) {
    throw new UsageError(
      '--tui',
      '--json and --tui cannot both write to the terminal',
      'write the JSON lines to a file with --output FILE, or redirect stdout',
    );
  }
  return {
    command,
    intervalMs: atLeast(parseDuration(flags.interval, '--interval'), MIN_INTERVAL_MS, '--interval'),
    bpfIntervalMs: parseSlowInterval(flags.bpfInterval, '--bpf-interval'),
    processIntervalMs: parseSlowInterval(flags.processInterval, '--process-interval'),
    wantsDetails: flags.json === true || flags.output !== undefined,
    cgroupParent: flags.cgroupParent,
    placement: oneOf(flags.placement, PLACEMENTS, '--placement'),
    requireCgroup: oneOf(flags.require, REQUIRED, '--require') === 'cgroup',
    limits: {
      memoryMax: optional(flags.memoryMax, (text) => parseLimitOption(text, '--memory-max')),
      memoryHigh: optional(flags.memoryHigh, (text) => parseLimitOption(text, '--memory-high')),
      swapMax: optional(flags.swapMax, (text) => parseLimitOption(text, '--swap-max')),
      pidsMax: optional(flags.pidsMax, parsePidsMax),
      oomGroup: flags.oomGroup === true,
    },
    inheritRatio: flags.inheritLimits === true ? parseRatio(flags.inheritRatio) : undefined,
    cwd: flags.cwd,
    env: (flags.env ?? []).map(parseEnv),
    user: flags.user === undefined ? undefined : requireRoot(flags.user),
    streams: { stdin: flags.stdin, stdout: flags.stdout, stderr: flags.stderr },
    stdoutToStderr: flags.json === true,
    wait: oneOf(flags.wait, WAITS, '--wait') ?? 'target',
    failOnLeftover: flags.failOnLeftover === true,
    timeoutMs: optional(flags.timeout, (text) => atLeast(parseDuration(text, '--timeout'), 1, '--timeout')),
    view: flags.tui === undefined ? 'auto' : flags.tui ? 'always' : 'never',
    exitOnEnd: flags.exitOnEnd === true,
    killAfterMs: flags.killAfter === 'never' ? undefined : parseDuration(flags.killAfter, '--kill-after'),
    outputs: {
      json: flags.json === true,
      output: flags.output,
      summaryJson: flags.summaryJson,
      quiet: flags.quiet === true,
      verbose: flags.verbose === true,
      silent: false,
      plainBytes: flags.bytes === true,
    },
  };
}

function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function atLeast(ms: number, minimumMs: number, option: string): number {
  if (ms < minimumMs) throw new UsageError(option, `${option}: must be at least ${minimumMs}ms`);
  if (ms > MAX_TIMER_MS) throw new UsageError(option, `${option}: must be at most 24 days`);
  return ms;
}

/** The interval of readings that cost more than a sample; 0 disables them. Unit: milliseconds. */
function parseSlowInterval(text: string, option: string): number {
  const ms = parseDuration(text, option);
  return ms === 0 ? 0 : atLeast(ms, MIN_SLOW_INTERVAL_MS, option);
}

function parsePidsMax(text: string): Limit {
  if (text === 'max') return 'max';
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageError('--pids-max', `--pids-max ${text}: expected a number of tasks or max`);
  }
  return Number(text);
}

function parseRatio(text: string): number {
  const ratio = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || ratio <= 0 || ratio > 1) {
    throw new UsageError('--inherit-ratio', `--inherit-ratio ${text}: expected a number above 0 and up to 1`);
  }
  return ratio;
}

function parseEnv(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new UsageError('--env', `--env ${text}: expected NAME=VALUE`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function requireRoot(text: string): RunOptions['user'] {
  const user = resolveUser(text);
  if (process.getuid?.() !== 0) {
    throw new UsageError(
      '--user',
      `--user ${text}: only root can run a command as another user`,
      'sudo cmemstat …',
    );
  }
  return user;
}
