/** The options of a run, and what they come to. */
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import type { RunOptions } from '../../app/run/options.ts';
import { UsageError } from '../../errors.ts';
import { MAX_TIMER_MS } from '../../format/longest-timer.ts';
import { parseDuration, parseLimitOption } from '../../format/units.ts';
import type { Limit } from '../../kernel/limit.ts';
import { resolveUser } from '../../target/user.ts';
import { oneOf } from './one-of.ts';
import { repeatable } from './repeatable.ts';

/** The options as commander hands them over: text that is not yet understood. */
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

/** Declares the options of a run. */
export function addRunOptions(program: Command): void {
  program
    .optionsGroup('Sampling:')
    .option(
      '-i, --interval <duration>',
      'time between two samples: 100ms, 1s, a bare number is seconds',
      '500ms',
    )
    .option('--bpf-interval <duration>', 'time between two readings of BPF memory; 0 turns them off', '1s')
    .option(
      '--process-interval <duration>',
      'time between two readings of the processes; 0 turns them off',
      '2s',
    )
    .optionsGroup('Output:')
    .option('--json', "one JSON object a line on stdout; the target's stdout then goes to stderr")
    .option('-o, --output <file>', 'write the same JSON lines to a file, whatever else is shown')
    .option('--summary-json <file>', 'write the summary alone to a file, as JSON')
    .option('-q, --quiet', 'show the summary alone')
    .option('--bytes', 'plain numbers of bytes in place of readable sizes')
    .option('-v, --verbose', 'say where the leaf is and why, and what was set')
    .optionsGroup('Terminal view:')
    .option('--tui', 'open the view even where no terminal is looked at (it draws on /dev/tty)')
    .option('--no-tui', 'a table in place of the view; for targets that need the terminal themselves')
    .option('--exit-on-end', 'close the view when the target has ended')
    .optionsGroup('Where the leaf goes:')
    .option('--cgroup-parent <path>', 'make the leaf below this cgroup')
    .option('--placement <kind>', `try this one place alone: ${PLACEMENTS.join(', ')}`)
    .option('--require <what>', '"cgroup": fail where the process tree would have to be summed instead')
    .optionsGroup("The target's limits (sizes like 512M, 1.5GiB, max):")
    .option('--memory-max <size>', 'memory.max of the leaf')
    .option('--memory-high <size>', 'memory.high of the leaf')
    .option('--swap-max <size>', 'memory.swap.max of the leaf')
    .option('--pids-max <number>', 'pids.max of the leaf')
    .option('--oom-group', 'an OOM kill ends the whole leaf (memory.oom.group)')
    .option('--inherit-limits', 'tell Go, Node.js and the JVM about the limits that bind them')
    .option('--inherit-ratio <ratio>', 'the share of a limit that they are told', '0.9')
    .optionsGroup('The target:')
    .option('--cwd <directory>', 'where it starts')
    .option('--env <NAME=VALUE>', 'set a variable (repeatable)', repeatable)
    .option('--user <name|uid[:gid]>', 'run it as this user (root only)')
    .option('--stdin <file>', 'its standard input')
    .option('--stdout <file>', 'its standard output')
    .option('--stderr <file>', 'its standard error')
    .option('--wait <for>', '"target", or "all": go on until the leaf is empty', 'target')
    .option('--timeout <duration>', 'end the target after this time, and exit with 124')
    .option('--fail-on-leftover', 'exit with 4 when BPF maps of the run outlive it')
    .option(
      '--kill-after <duration>',
      'kill the leaf this long after the first signal; "never" waits',
      '10s',
    );
}

/**
 * Understands the options of a run.
 * @throws UsageError that names the option and says what would be right.
 */
export function toRunOptions(
  flags: RunFlags,
  command: string[],
  isStdoutTerminal: boolean = isatty(1),
): RunOptions {
  if (command.length === 0) {
    throw new UsageError('command', 'no command to measure', 'cmemstat -- command [arguments...]');
  }
  if (flags.json === true && flags.tui === true && isStdoutTerminal) {
    throw new UsageError(
      '--tui',
      '--json and --tui would both write to this terminal',
      '--output FILE takes the JSON lines, or send standard output elsewhere',
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
    requireCgroup: oneOf(flags.require, ['cgroup'] as const, '--require') === 'cgroup',
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
    wait: oneOf(flags.wait, ['target', 'all'] as const, '--wait') ?? 'target',
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
      silent: false,
      plainBytes: flags.bytes === true,
    },
    verbose: flags.verbose === true,
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

/** Of what costs more than a sample; 0 turns it off. */
function parseSlowInterval(text: string, option: string): number {
  const ms = parseDuration(text, option);
  return ms === 0 ? 0 : atLeast(ms, MIN_SLOW_INTERVAL_MS, option);
}

function parsePidsMax(text: string): Limit {
  if (text === 'max') return 'max';
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageError('--pids-max', `--pids-max ${text}: expected a number of tasks, or max`);
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
