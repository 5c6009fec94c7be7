/** Parses the options of a run; only loaded if there is a run. */
import type { RunOptions } from '../../app/run/options.ts';
import { UsageError } from '../../errors.ts';
import {
  atLeast,
  DEFAULT_INTERVALS,
  parseInterval,
  parseSlowInterval,
  type SamplingIntervals,
} from '../../format/intervals.ts';
import { parseDuration, parseLimitOption } from '../../format/units.ts';
import type { Limit } from '../../kernel/limit.ts';
import { EXPLAIN_MOMENTS, type ExplainMoment } from '../../model/explain/explain-record.ts';
import type { TargetUser } from '../../target/user.ts';
import { oneOf } from './one-of.ts';
import { PLACEMENTS, REQUIRED, type RunFlags, WAITS } from './run-flags.ts';

/**
 * Parses the options of a run, and looks up what they refer to; `program` is what precedes them on the
 * command line. What few runs need is loaded for those.
 * @throws UsageError that names the option and the expected value.
 */
export async function readRunOptions(
  flags: RunFlags,
  command: string[],
  program?: string,
): Promise<RunOptions> {
  const { json, tui, user } = flags;
  return toRunOptions(flags, command, {
    program,
    isStdoutTerminal: json === true && tui === true && (await import('node:tty')).isatty(1),
    user: user === undefined ? undefined : await findUser(user),
  });
}

/** What `toRunOptions` cannot find in the options. */
interface RunFacts {
  program?: string | undefined;
  isStdoutTerminal?: boolean;
  user?: TargetUser | undefined;
}

/**
 * The options of a run.
 * @throws UsageError that names the option and the expected value.
 */
export function toRunOptions(
  flags: RunFlags,
  command: string[],
  { program = 'cmemstat', isStdoutTerminal = false, user }: RunFacts = {},
): RunOptions {
  if (command.length === 0) {
    throw new UsageError('command', 'no command given', `${program} -- command [arguments...]`);
  }
  rejectIneffective(flags);
  if (flags.json === true && flags.tui === true && isStdoutTerminal) {
    throw new UsageError(
      '--tui',
      '--json and --tui cannot both write to the terminal',
      flags.output === undefined
        ? 'write the JSON lines to a file with --output FILE, or redirect stdout'
        : 'omit --json, or redirect stdout',
    );
  }
  return {
    command,
    ...DEFAULT_INTERVALS,
    ...givenIntervals(flags),
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
    user,
    noNewPrivs: flags.newPrivs === false,
    streams: { stdin: flags.stdin, stdout: flags.stdout, stderr: flags.stderr },
    stdoutToStderr: flags.json === true,
    wait: oneOf(flags.wait, WAITS, '--wait') ?? 'target',
    explain: new Set((flags.explain ?? []).map((text) => parseMoment(text))),
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
      noSummary: flags.summary === false,
      verbose: flags.verbose === true,
      silent: false,
      plainBytes: flags.bytes === true,
    },
  };
}

/** Options that another one makes ineffective, depending on its value. @throws UsageError. */
function rejectIneffective(flags: RunFlags): void {
  const isWithoutBpf = givenIntervals(flags).bpfIntervalMs === 0;
  const isOfTree = flags.placement === 'process-tree';
  const isWithoutView = flags.tui === false;
  const pairs: readonly [boolean, string, string][] = [
    [flags.summary === false && flags.json === true, '--no-summary', '--json and --output -'],
    [isWithoutView && flags.exitOnEnd === true, '--exit-on-end', '--no-tui'],
    [isWithoutBpf && flags.failOnLeftover === true, '--fail-on-leftover', '--bpf-interval 0'],
    [isOfTree && flags.failOnLeftover === true, '--fail-on-leftover', '--placement process-tree'],
    [isOfTree && flags.explain !== undefined, '--explain', '--placement process-tree'],
    [isOfTree && flags.require === 'cgroup', '--require cgroup', '--placement process-tree'],
    [isOfTree && flags.cgroupParent !== undefined, '--cgroup-parent', '--placement process-tree'],
    [isOfTree && flags.memoryMax !== undefined, '--memory-max', '--placement process-tree'],
    [isOfTree && flags.memoryHigh !== undefined, '--memory-high', '--placement process-tree'],
    [isOfTree && flags.swapMax !== undefined, '--swap-max', '--placement process-tree'],
    [isOfTree && flags.pidsMax !== undefined, '--pids-max', '--placement process-tree'],
    [isOfTree && flags.oomGroup === true, '--oom-group', '--placement process-tree'],
  ];
  for (const [isGiven, option, other] of pairs) {
    if (isGiven) throw new UsageError(option, `${option} conflicts with ${other}`, 'give one of them');
  }
}

/** The intervals that were given. @throws UsageError that names the option. */
export function givenIntervals(flags: RunFlags): Partial<SamplingIntervals> {
  const given: Partial<SamplingIntervals> = {};
  const { interval, bpfInterval, processInterval } = flags;
  if (interval !== undefined) given.intervalMs = parseInterval(interval, '--interval');
  if (bpfInterval !== undefined) given.bpfIntervalMs = parseSlowInterval(bpfInterval, '--bpf-interval');
  if (processInterval !== undefined) {
    given.processIntervalMs = parseSlowInterval(processInterval, '--process-interval');
  }
  return given;
}

function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function parsePidsMax(text: string): Limit {
  if (text === 'max') return 'max';
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageError('--pids-max', `--pids-max ${text}: expected a number of tasks or max`);
  }
  return Number(text);
}

function parseMoment(text: string): ExplainMoment {
  const moment = oneOf(text, EXPLAIN_MOMENTS, '--explain');
  if (moment === undefined) throw new UsageError('--explain', '--explain: no moment given');
  return moment;
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

async function findUser(text: string): Promise<TargetUser> {
  const { resolveUser } = await import('../../target/user.ts');
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
